// What scripts add to pages that work without them: times in the reader's own clock, a button that copies.

const root = document.documentElement;
const language = `${root.lang}-u-nu-${root.dataset.digits ?? "latn"}`;
const spans = [["year", 31536e6], ["month", 2592e6], ["day", 864e5], ["hour", 36e5], ["minute", 6e4]];

function ago(at) {
  const passed = at - Date.now();
  const [unit, length] = spans.find(([, ms]) => Math.abs(passed) >= ms) ?? ["minute", 6e4];
  return new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }).format(Math.trunc(passed / length), unit);
}

for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" }).format(at);
  if (time.dataset.show === "ago" && Math.abs(at - Date.now()) < 6048e5) time.textContent = ago(at);
  else if (time.dataset.show === "moment") time.textContent = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" }).format(at);
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = button.dataset.done;
  });
}

// A form that is being sent is not sent twice.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}
addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));
