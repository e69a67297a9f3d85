// Sets light or dark before the first paint; that is why it is a plain script in the head.
// Without a choice, the system's is followed.
(() => {
  const KEY = "chartroom.theme";
  const stored = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  };
  apply(stored());
  const isDark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  window.chartroomTheme = {
    toggle() {
      const next = isDark() ? "light" : "dark";
      apply(next);
      // A browser that keeps nothing still switches for this page.
      try { localStorage.setItem(KEY, next); } catch { /* private window */ }
    },
  };
})();
