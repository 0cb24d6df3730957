// A list as it was pasted, as rows: CSV after RFC 4180 with names in its first line, a JSON array, or a JSON value a line.

// the cells of each line, with the number of the line that each begins on
function cells(text) {
  const records = [];
  let [record, cell, isQuoted, wasQuoted] = [[], "", false, false];
  const endCell = () => {
    record.push(cell);
    [cell, wasQuoted] = ["", false];
  };
  const endRecord = () => {
    endCell();
    if (record.length > 1 || record[0] !== "") records.push(record);
    record = [];
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isQuoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') cell += text[at++];
      else isQuoted = false;
    } else if (char === '"' && cell === "" && !wasQuoted) [isQuoted, wasQuoted] = [true, true];
    else if (char === ",") endCell();
    else if (char === "\n" || char === "\r") {
      if (char === "\r" && text[at + 1] === "\n") at++;
      endRecord();
    } else cell += char;
  }
  if (isQuoted) throw new Error("A quotation mark is opened and never closed.");
  if (cell !== "" || record.length) endRecord();
  return records;
}

function ofCsv(text) {
  const [names, ...records] = cells(text);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`Two columns are named \u201c${twice}\u201d.`);
  if (names.includes("")) throw new Error("A column has no name in the first line.");
  return records.map((record, at) => {
    if (record.length > names.length) throw new Error(`Row ${at + 1} has ${record.length} cells, but there are ${names.length} columns.`);
    return Object.fromEntries(names.map((name, column) => [name, record[column] ?? ""]));
  });
}

// the rows; throws what is wrong in words
export function rowsIn(given) {
  const text = given.replace(/^\ufeff/, "").trim();
  if (!text) throw new Error("There are no rows yet.");
  let rows;
  if (text.startsWith("[")) rows = JSON.parse(text);
  else if (text.startsWith("{")) rows = text.split(/\r?\n/).filter((line) => line.trim()).map((line) => JSON.parse(line));
  else rows = ofCsv(text);
  if (rows.length === 0) throw new Error("There are no rows yet, only names of columns.");
  return rows;
}
