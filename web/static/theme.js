// The switch between light and dark. It is kept in a cookie, so that every page comes as chosen. Without this file: as the system has it.
{
  const choice = document.getElementById("theme");
  const show = () => {
    choice.value = /(?:^|; )theme=(light|dark)/.exec(document.cookie)?.[1] ?? "";
    document.documentElement.dataset.theme = choice.value;
  };
  choice.addEventListener("change", () => {
    document.cookie = `theme=${choice.value}; path=/; max-age=${choice.value ? 31536000 : 0}; samesite=lax`;
    show();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) show(); });
}
