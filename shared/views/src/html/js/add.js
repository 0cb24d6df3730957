// Rows to add to the group: pasted or from a file, as CSV or JSON; counted before they are sent.

const adding = byId("adding");

if (adding) {
  const MOST_BYTES = 4_000_000;
  const [field, read] = [byId("rows"), byId("rows-read")];
  const check = () => {
    try {
      if (field.value.length > MOST_BYTES) throw new Error("This is more than 4 MB: add it in parts.");
      const rows = rowsIn(field.value);
      say(read, `${rows.length.toLocaleString("en")} ${rows.length === 1 ? "row" : "rows"}`);
      return rows;
    } catch (error) {
      say(read, field.value.trim() ? error.message : "");
      return null;
    }
  };
  field.addEventListener("input", check);
  byId("file").addEventListener("change", async ({ target: { files } }) => {
    if (!files[0]) return;
    if (files[0].size > MOST_BYTES) return say(read, "This file is larger than 4 MB: add it in parts.");
    field.value = await files[0].text();
    check();
  });
  adding.addEventListener("submit", (event) => {
    event.preventDefault();
    const inputs = check();
    if (!inputs) {
      if (!field.value.trim()) say(read, "There are no rows yet.");
      return field.focus();
    }
    const body = { inputs };
    const done = () => {
      field.value = "";
      renew();
    };
    change("POST", `${id}/runs`, done, { body, headers: once(JSON.stringify(body)) });
  });
}
