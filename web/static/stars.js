// What this browser keeps of whoever sits before it: the entities they starred, and who they are. Without this file: neither.
{
  const read = (name, other) => { try { return JSON.parse(localStorage.getItem(name)) ?? other; } catch { return other; } };
  const keep = (name, value) => { try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* for this page only, then */ } };
  const all = (selector) => document.querySelectorAll(selector);
  const MOST = 200; // an address with more refs than these is too long for some proxies

  const listed = (refs) => "/catalog?" + refs.map((ref) => `ref=${encodeURIComponent(ref).replaceAll("%3A", ":").replaceAll("%2F", "/")}`).join("&");
  const owned = (ref) => listed([ref]).replace("?ref=", "?owner=");
  const pathOf = (ref) => { const [kind, rest] = ref.split(/:(.*)/s); const [space, name] = rest.split("/"); return `/catalog/${[space, kind, name].map(encodeURIComponent).join("/")}`; };
  const isKept = (one) => typeof one?.ref === "string" && /^[^:]+:[^/]+\/./.test(one.ref);
  const stars = () => { const found = read("stars", []); return Array.isArray(found) ? found.filter(isKept) : []; };
  const me = () => { const found = read("me", null); return isKept(found) ? found : null; };

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
    const who = me();
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
    for (const link of all("[data-mine-link]")) {
      if (who) Object.assign(link, { href: owned(who.ref), title: `What ${who.label} owns` });
      else link.title = "Say once which team or person you are";
    }
    const isMine = who !== null && new URLSearchParams(location.search).getAll("owner").includes(who.ref);
    const isStarred = here.startsWith("/catalog?ref=");
    for (const [name, current] of [["all", !isMine && !isStarred], ["mine-link", isMine], ["stars-link", isStarred]]) {
      for (const link of all(`.mine [data-${name}]`)) {
        if (current) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }
    for (const button of all("[data-me]")) button.disabled = who?.ref === button.dataset.me;
    for (const list of all("[data-stars]")) fill(list, starred.slice(0, 8));
    for (const box of all("[data-if-stars]")) box.hidden = !starred.length;
    for (const box of all("[data-if-no-stars]")) box.hidden = starred.length > 0;
    for (const box of all("[data-if-me]")) box.hidden = !who;
    for (const box of all("[data-if-no-me]")) box.hidden = who !== null;
    for (const name of all("[data-me-name]")) name.textContent = who?.label ?? "";
  }

  document.addEventListener("click", (event) => {
    const star = event.target.closest("[data-star]");
    const person = event.target.closest("[data-me]");
    if (star) {
      const others = stars().filter((one) => one.ref !== star.dataset.star);
      const mine = { ref: star.dataset.star, label: star.dataset.label ?? star.dataset.star };
      keep("stars", star.getAttribute("aria-pressed") === "true" ? others : [mine, ...others].slice(0, MOST));
    } else if (person) {
      keep("me", { ref: person.dataset.me, label: person.dataset.label });
      location.href = owned(person.dataset.me);
    } else return;
    show();
  });
  addEventListener("storage", show);
  addEventListener("pageshow", show);
  show();
}
