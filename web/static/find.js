// Suggestions under every box that takes a search or an entity (a combobox), and a palette (Ctrl or Cmd K) with actions too.
// Without it: plain forms.
{
  let boxes = 0;

  const set = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const make = (tag, attributes, ...children) => {
    const element = set(document.createElement(tag), attributes);
    element.append(...children);
    return element;
  };

  const refOf = (path) => {
    const [namespace, kind, name] = path.split("/").slice(2).map(decodeURIComponent);
    return `${kind}:${namespace}/${name}`;
  };

  function suggestUnder(input, extras) {
    const id = `suggest-${boxes++}`;
    const list = make("ul", { id, class: "suggest", role: "listbox", "aria-label": "Suggestions", hidden: "" });
    let items = [], at = -1, timer, request, later;
    const isEntity = "entity" in input.dataset;
    set(input, { role: "combobox", "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": false });
    input.form.append(list);

    const close = () => {
      clearTimeout(timer);
      clearTimeout(later);
      request?.abort();
      show([]);
    };

    function show(found) {
      items = [];
      list.replaceChildren();
      add(found);
      mark(-1);
    }

    // What is there already stays where it is, with its mark.
    function add(found) {
      list.append(...found.map((item, place) => {
        const option = make("li", { id: `${id}-${items.length + place}`, role: "option", "aria-selected": false },
          make("b", {}, item.label), make("span", {}, item.note));
        if (item.found) option.append(make("small", {}, ...item.found.map((text, part) => (part % 2 ? make("mark", {}, text) : text))));
        option.addEventListener("mousedown", (event) => event.preventDefault());
        option.addEventListener("click", () => choose(item));
        return option;
      }));
      items = [...items, ...found];
      list.hidden = !items.length;
      input.setAttribute("aria-expanded", !list.hidden);
    }

    function mark(place) {
      list.children[at]?.setAttribute("aria-selected", false);
      at = place;
      const option = list.children[at];
      option?.setAttribute("aria-selected", true);
      option?.scrollIntoView({ block: "nearest" });
      if (option) input.setAttribute("aria-activedescendant", option.id);
      else input.removeAttribute("aria-activedescendant");
    }

    function choose(item) {
      if (item.act) {
        input.closest("dialog").close();
        item.act();
      } else if (isEntity) {
        input.value = refOf(item.href);
        input.form.requestSubmit();
      } else if (item.href) {
        location.href = item.href;
      } else {
        input.value = item.type === "value" ? `${item.text} ` : item.text;
        input.focus();
        load();
      }
    }

    async function ask(address, asked) {
      try {
        const answer = await fetch(address, { signal: asked.signal });
        const found = answer.ok ? (await answer.json()).items : [];
        return asked === request && document.activeElement === input ? found : null;
      } catch (error) {
        return error.name === "AbortError" ? null : [];
      }
    }

    // Names at once; below them, when the typing pauses, what only mentions the words.
    async function load() {
      request?.abort();
      clearTimeout(later);
      const text = input.value.trim(), asked = request = new AbortController();
      if (!text && !extras) return show([]);
      const query = text ? `q=${encodeURIComponent(input.value)}&` : "";
      const found = await ask(`/api/suggest?${query}limit=${extras ? 14 : isEntity ? 12 : 8}`, asked);
      if (!found) return;
      if (isEntity) return show(found.filter((one) => one.type === "entity"));
      show([...found, ...(extras?.(text.toLowerCase()) ?? [])]);
      if (text.length > 2) later = setTimeout(async () => add(await ask(`/api/mentions?${query}limit=4`, asked) ?? []), 150);
    }

    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(load, 80);
    });
    if (extras) input.addEventListener("focus", load);
    input.addEventListener("blur", close);
    input.form.addEventListener("submit", close);
    input.addEventListener("keydown", (event) => {
      const open = items.length > 0, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.isComposing) return;
      if (step && open) {
        event.preventDefault();
        const count = items.length + 1; // the box is a stop too
        mark(((at + 1 + step + count) % count) - 1);
      } else if (step === 1) {
        load();
      } else if (event.key === "Enter" && open && at >= 0) {
        event.preventDefault();
        choose(items[at]);
      } else if (event.key === "Escape" && (open || extras)) {
        event.preventDefault();
        event.stopPropagation(); // the next one leaves the box
        close();
        input.closest("dialog")?.close();
      }
    });
  }

  // What an entity and the theme allow.
  function listActions() {
    const found = [];
    if (/^\/catalog\/.+\/.+\/./.test(location.pathname)) {
      const ref = refOf(location.pathname), graph = `/graph?root=${encodeURIComponent(ref)}`;
      found.push(
        { label: "Graph of this", href: graph },
        { label: "Impact of this", href: `${graph}&view=impact` },
        { label: "On call for this", href: location.pathname.replace("catalog", "oncall") },
        { label: `Copy ref ${ref}`, act: () => navigator.clipboard?.writeText(ref) },
      );
    }
    const theme = document.getElementById("theme");
    for (const choice of theme?.options ?? []) {
      found.push({ label: `Theme: ${choice.text}`, act: () => { theme.value = choice.value; theme.dispatchEvent(new Event("change")); } });
    }
    return found.map((one) => ({ note: "action", ...one }));
  }

  function openPalette() {
    const input = make("input", { name: "q", type: "search", autocomplete: "off", spellcheck: false, "aria-label": "Find or do", placeholder: "Find or do" });
    const palette = make("dialog", { class: "palette", "aria-label": "Palette" }, make("form", { class: "search", action: "/search" }, input));
    const actions = listActions();
    suggestUnder(input, (text) => actions.filter((one) => one.label.toLowerCase().includes(text)));
    palette.addEventListener("close", () => palette.remove());
    palette.addEventListener("click", (event) => { if (event.target === palette) palette.close(); });
    document.body.append(palette);
    palette.showModal();
    input.focus();
  }

  for (const input of document.querySelectorAll("input:is([data-search], [data-entity])")) suggestUnder(input);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    const open = document.querySelector("dialog[open]");
    if (!open) openPalette();
    else if (open.matches(".palette")) open.close();
  });
}
