// For other sites: gives each frame with a post the height of what is in it. Frames of Mastodon's class are known too.

(() => {
  const frames = new Map();

  addEventListener("message", ({ data, source }) => {
    if (typeof data !== "object" || data === null || data.type !== "setHeight") return;
    const frame = frames.get(data.id);
    if (frame && source === frame.contentWindow && Number.isFinite(data.height)) frame.height = Math.min(Math.max(data.height, 80), 4000);
  });

  function ask(frame) {
    if (frame.dataset.embedId) return;
    const id = crypto.getRandomValues(new Uint32Array(1))[0];
    frame.dataset.embedId = id;
    frames.set(id, frame);
    const send = () => frame.contentWindow.postMessage({ type: "setHeight", id }, "*");
    frame.addEventListener("load", send);
    send();
  }

  const find = () => document.querySelectorAll("iframe.majlis-embed, iframe.mastodon-embed").forEach(ask);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", find);
  else find();
})();
