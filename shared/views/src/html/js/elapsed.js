// The time since the unit began, which goes on while it is under way.

function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours) return `${hours} h ${minutes} min`;
  if (minutes) return `${minutes} min ${whole % 60} s`;
  return `${whole} s`;
}

const elapsed = byId("elapsed");
if (elapsed?.dataset.from) {
  // the server's clock at the time of the page, so that the browser's may be wrong
  const from = Number(elapsed.dataset.from);
  setInterval(() => say(elapsed, span(from + performance.now() / 1000)), 500);
}
