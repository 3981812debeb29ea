// The table's filters ask anew when one changes, and what was pressed keeps the focus. Without this file there is a button.
{
  const form = document.querySelector("[data-filters]");
  const wide = matchMedia("(min-width: 60rem)"); // on a phone several filters are chosen before the list is asked for
  const fields = () => document.querySelectorAll("[data-filters] input, .bar .ask input");

  form.addEventListener("change", (event) => {
    const { type, name, value } = event.target;
    if (type !== "checkbox" || !wide.matches) return;
    try { sessionStorage.setItem("filter", JSON.stringify({ name, value, top: scrollY })); } catch { /* it is a nicety */ }
    form.requestSubmit();
  });
  form.addEventListener("submit", () => { for (const field of fields()) if (!field.value) field.disabled = true; });

  addEventListener("pageshow", () => {
    for (const field of fields()) field.disabled = false;
    let pressed = null;
    try { pressed = JSON.parse(sessionStorage.getItem("filter")); sessionStorage.removeItem("filter"); } catch { /* none, then */ }
    const field = pressed && [...fields()].find((one) => one.name === pressed.name && one.value === pressed.value);
    if (!field) return;
    field.closest(".choice details")?.setAttribute("open", "");
    field.focus({ preventScroll: true });
    scrollTo(0, pressed.top);
  });

  const tab = document.querySelector(".kinds [aria-current]");
  if (tab && !wide.matches) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector(".menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
