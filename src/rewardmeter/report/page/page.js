// Starts the sections that the page has, and what belongs to the page as a whole: theme, copying, where the reader is.

async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages opened from disk may not have the clipboard interface.
    const area = h("textarea", { class: "unseen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(done);
}

function startCopying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copy(document.getElementById(button.dataset.copy).textContent, "Copied");
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }
  const downloads = document.getElementById("downloads");
  if (!downloads) return;
  const name = downloads.dataset.file;
  downloads.hidden = false;
  downloads.append(quietButton(`Save ${name}`, () => saveBoard(name)));
}

function saveBoard(name) {
  const file = new Blob([document.getElementById("data-board").textContent], { type: "application/json" });
  const link = h("a", { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// ---- theme: what the system says, unless the reader chooses

const THEMES = ["auto", "light", "dark"];

function remembered(value) {
  try {
    if (value !== undefined) window.localStorage.setItem("rewardmeter-theme", value);
    return window.localStorage.getItem("rewardmeter-theme");
  } catch {
    return null;
  }
}

function startTheme() {
  const button = document.getElementById("theme");
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.replaceChildren(h("span", { class: "long-word" }, "Theme: "), theme);
    button.setAttribute("aria-label", `Theme: ${theme}`);
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
    remembered(next);
    apply(next);
  });
  const kept = remembered();
  apply(THEMES.includes(kept) ? kept : "auto");
}

function startNavigation() {
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const [id, link] of links) {
          if (id === entry.target.id) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
        }
      }
    },
    { rootMargin: "-20% 0px -75% 0px" },
  );
  for (const section of document.querySelectorAll("main > section")) seen.observe(section);
}

startTheme();
startTips();
startCopying();
startNavigation();
for (const [id, start] of Object.entries(SECTIONS)) {
  const box = document.getElementById(id);
  if (box && (ROWS.length || "always" in box.dataset)) start(box);
}
