// Puts the chosen theme in force before the first paint. `app/src/theme.rs` writes the choice.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // Storage may be switched off: then the system's theme holds.
}
// The two pages without a frame around them.
if (/^\/(login|invite)$/.test(location.pathname)) {
  document.documentElement.dataset.bare = "";
}
