// The live stream, read frame by frame: an EventSource hears only the names that it was told, and the upstream's kinds may be new.
// After a cut it goes on behind the last id; 204 says that there is nothing more.

const PAUSE = 2000;
const LONGEST_PAUSE = 30_000;

function frameOf(text) {
  const frame = { name: "message", data: [] };
  for (const line of text.split("\n")) {
    // anything but a line break may stand in a value, also what JavaScript takes for one
    const [, field, value] = /^([a-z]+): ?([^]*)$/.exec(line) ?? [];
    if (field === "event") frame.name = value;
    else if (field === "id") frame.id = value;
    else if (field === "data") frame.data.push(value);
  }
  return { ...frame, data: frame.data.join("\n") };
}

// an event that cannot be understood is reported and costs nothing but itself
function heard(hear, { name, data }) {
  try {
    return hear(name, JSON.parse(data));
  } catch (error) {
    reportError(error);
  }
}

// calls `hear` with the name and the data of each event until that answers `false`; `lost` where there is nothing to follow any more
async function follow(address, hear, lost) {
  const url = new URL(address, document.baseURI);
  let pause = PAUSE;
  for (;;) {
    try {
      const answer = await fetch(url, { headers: { accept: "text/event-stream" }, cache: "no-store" });
      if (answer.status === 204) return;
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return lost(answer.status);
      const reader = answer.ok && answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      while (reader) {
        const { done, value } = await reader.read();
        if (done) break;
        pause = PAUSE;
        const frames = (rest + value).split("\n\n");
        rest = frames.pop();
        for (const frame of frames.map(frameOf)) {
          if (frame.id) url.searchParams.set("last_event_id", frame.id);
          if (frame.data && heard(hear, frame) === false) return reader.cancel();
        }
      }
    } catch {
      // the connection was cut
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 1.5, LONGEST_PAUSE);
  }
}
