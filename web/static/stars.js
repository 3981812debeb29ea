// What this browser keeps of whoever sits before it: the entities they starred, and in a cookie, as pages show it, who they are.
// Without this file: neither.
{
  const read = (name, other) => { try { return JSON.parse(localStorage.getItem(name)) ?? other; } catch { return other; } };
  const keep = (name, value) => { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* for this page only, then */ } };
  const all = (selector) => document.querySelectorAll(selector);
  const MOST = 200; // an address with more refs than these is too long for some proxies

  const listed = (refs) => "/catalog?" + refs.map((ref) => `ref=${encodeURIComponent(ref).replaceAll("%3A", ":").replaceAll("%2F", "/")}`).join("&");
  const pathOf = (ref) => { const [kind, rest] = ref.split(/:(.*)/s); const [space, name] = rest.split("/"); return `/catalog/${[space, kind, name].map(encodeURIComponent).join("/")}`; };
  const isKept = (one) => typeof one?.ref === "string" && /^[^:]+:[^/]+\/./.test(one.ref);
  const stars = () => { const found = read("stars", []); return Array.isArray(found) ? found.filter(isKept) : []; };

  function fill(list, items) {
    list.replaceChildren(...items.map((one) => {
      const link = Object.assign(document.createElement("a"), { href: pathOf(one.ref), textContent: one.label || one.ref, title: one.ref });
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
  }

  function show() {
    const starred = stars();
    const refs = new Set(starred.map((one) => one.ref));
    const here = location.pathname + location.search;
    for (const button of all("[data-star]")) {
      button.setAttribute("aria-pressed", refs.has(button.dataset.star));
      button.hidden = false;
    }
    for (const count of all("[data-stars-count]")) count.textContent = starred.length;
    for (const link of all("[data-stars-link]")) {
      if (starred.length) link.href = listed([...refs]);
      else link.removeAttribute("href");
      link.title = starred.length ? "" : "Press the star beside a name, and it is listed here";
    }
    const owners = new URLSearchParams(location.search).getAll("owner");
    const isMine = [...all("[data-mine]")].some((link) => owners.includes(new URL(link.href).searchParams.get("owner")));
    const isStarred = here.startsWith("/catalog?ref=");
    for (const [name, current] of [["all", !isMine && !isStarred], ["mine", isMine], ["stars-link", isStarred]]) {
      for (const link of all(`.mine [data-${name}]`)) {
        if (current) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }
    for (const list of all("[data-stars]")) fill(list, starred.slice(0, 8));
    for (const box of all("[data-if-stars]")) box.hidden = !starred.length;
    for (const box of all("[data-if-no-stars]")) box.hidden = starred.length > 0;
  }

  document.addEventListener("click", (event) => {
    const star = event.target.closest("[data-star]");
    const person = event.target.closest("[data-me]");
    if (star) {
      const others = stars().filter((one) => one.ref !== star.dataset.star);
      const mine = { ref: star.dataset.star, label: star.dataset.label ?? star.dataset.star };
      keep("stars", star.getAttribute("aria-pressed") === "true" ? others : [mine, ...others].slice(0, MOST));
    } else if (person) {
      document.cookie = `me=${encodeURIComponent(person.dataset.me)}; path=/; max-age=31536000; samesite=lax`;
      location.href = listed([person.dataset.me]).replace("?ref=", "?owner=");
    } else return;
    show();
  });
  addEventListener("storage", show);
  addEventListener("pageshow", show);
  show();
}
