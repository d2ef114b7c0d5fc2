// <live-img src="…" width="640" height="360" alt="…">: a picture that may still be in the making.
//
// An inner <img> asks first, as any <img> does. Where that brought something else than the picture,
// fetch() asks on: it can read Retry-After, and an <img> never asks twice for the same URL.
// No URL is ever changed, for it may be signed.
//
// Comments on a line of their own and indentation are not served.
customElements.get("live-img") ?? customElements.define("live-img", class extends HTMLElement {
  static observedAttributes = "src srcset sizes alt width height".split(" ");
  #root = this.attachShadow({ mode: "open" });
  #css = new CSSStyleSheet();
  #work;

  connectedCallback() {
    this.#root.adoptedStyleSheets = [this.#css];
    this.attributeChangedCallback();
  }

  disconnectedCallback() {
    this.#work.abort();
    [...this.#root.children].forEach(this.#drop);
  }

  // Once for all attributes that change together, and before anything is painted.
  attributeChangedCallback() {
    this.#work?.abort();
    const { signal } = this.#work = new AbortController();
    queueMicrotask(() => this.isConnected && !signal.aborted && this.#load(signal));
  }

  async #load(signal) {
    const { src = "", srcset = "", sizes = "", loading = "lazy", alt = "", width, height } =
      Object.fromEntries([...this.attributes].map((one) => [one.name, one.value]));
    this.#box(src, +width, +height);
    this.#root.querySelectorAll(":not([style])").forEach(this.#drop);
    if (!src) return;
    const first = this.#img({ alt, loading, crossOrigin: "", sizes, srcset, src });
    // After a 429 or 503 a second passes (true), then fetch() learns how long it is to be.
    let wait = 1, status = await first.status, url = first.currentSrc || src, pause = status > 202;
    while (!signal.aborted) {
      this.setAttribute("status", status);
      // What waiting does not change stays as it is: 4xx, but not 429.
      if (status == 200 || /^4(?!29)/.test(status) || pause > 300)
        return this.dispatchEvent(new Event(status == 200 ? "load" : "error"));
      await new Promise((go) => setTimeout(go, pause * 1000));
      try {
        const reply = await fetch(url, { signal });
        status = reply.status;
        // Without that line, waiting does not help.
        pause = +(reply.headers.get("Retry-After") ?? 999) || 9;
        if (status == 200 && !await this.#img({ alt, src: URL.createObjectURL(await reply.blob()) }).status) throw 0;
      } catch {
        // Kept from us (CORS, a policy) or cut off: perhaps a plain <img> gets it.
        if (!signal.aborted) status = await this.#img({ alt, src: url }).status;
      }
      pause = Math.max(pause, wait *= status == 202 ? 1.5 : 3);
    }
  }

  // The box is there before the picture, so nothing on the page moves. The page's own rules win.
  #box(src, width, height) {
    const { prompt = src, ar = "", aspectRatio = ar, w, h } =
      Object.fromEntries(new URLSearchParams(src.split(/[?#]/)[1]));
    const [x, y] = aspectRatio.split(/[:x]/);
    let hue = 0;
    for (const char of prompt) hue = (hue + char.charCodeAt()) * 137 % 360;
    this.#css.replaceSync(`:host{display:inline-block;contain:content;width:${width ? width + "px" : "100%"};max-width:100%;
      aspect-ratio:${width / height || w / h || x / y || 1};object-fit:cover;background:hsl(${hue} 30% 72%)}
      :host([hidden]){display:none}
      :host([status="0"])::before{content:attr(alt)}
      img{position:absolute;width:100%;height:100%;object-fit:inherit;opacity:0}`);
  }

  // A picture on top of the others, unseen until it is whole. Its status: 0 none, "" unknown.
  #img(given) {
    const img = Object.assign(new Image, given);
    img.status = new Promise((done) => {
      img.onerror = () => done(0);
      img.onload = () => {
        img.style.opacity = 1;
        img.animate({ opacity: [0, 1] }, matchMedia("(prefers-reduced-motion)").matches ? 0 : 300).onfinish = () => {
          while (img.previousSibling) this.#drop(img.previousSibling);
        };
        done(performance.getEntriesByName(img.currentSrc).pop()?.responseStatus || (img.crossOrigin ? "" : 200));
      };
    });
    this.#root.append(img);
    return img;
  }

  #drop(img) {
    img.remove();
    URL.revokeObjectURL(img.src);
    img.srcset = img.src = "";
  }
});
