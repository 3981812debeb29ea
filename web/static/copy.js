// Buttons that copy the text of an element, named by its id. Without this file they are not shown: the text stands beside them.
for (const button of document.querySelectorAll("[data-copies]")) {
  const words = button.textContent;
  button.ariaLive = "polite";
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
    } catch { // a browser gives the clipboard to safe addresses only; elsewhere it copies what is selected
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = words; }, 1500);
  });
}
