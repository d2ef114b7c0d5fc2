// Renders /openapi.json. Text only ever enters the page as text, never as markup.
"use strict";

const METHODS = ["post", "get", "put", "delete"];
let api;

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children.flat().filter((child) => child != null && child !== ""));
  return node;
}

// `code` between backticks; an empty line ends a paragraph.
function prose(text) {
  return text.split(/\n\n+/).map((part) => el("p", {}, inline(part)));
}

function inline(text) {
  return text.split("`").map((part, at) => (at % 2 ? el("code", {}, part) : part));
}

function followed(thing) {
  let found = thing;
  while (found && found.$ref) {
    found = found.$ref.slice(2).split("/").reduce((node, key) => node[key], api);
  }
  return found;
}

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return typeOf(schema.items || {}) + "[]";
  return schema.format || schema.type || "any";
}

function bounds(schema) {
  const rules = [];
  const some = (schema.anyOf || []).find((one) => one.type !== "null" && !one.$ref);
  const is = some || schema;
  if (is.minimum !== undefined || is.maximum !== undefined) {
    rules.push((is.minimum ?? "…") + " to " + (is.maximum ?? "…"));
  }
  if (is.maxItems) rules.push("at most " + is.maxItems);
  if (is.maxLength) rules.push((is.minLength || 0) + " to " + is.maxLength + " characters");
  if (is.pattern && !is.format && !is.description && !schema.description) rules.push("like " + is.pattern);
  if (schema.default !== undefined) rules.push("default " + JSON.stringify(schema.default));
  return rules.join("; ");
}

function said(thing, schema) {
  const some = (schema.anyOf || []).find((one) => one.description);
  return thing.description || schema.description || (some && some.description) || "";
}

function row(name, note, schema, thing) {
  const rules = bounds(thing.description ? { ...schema, description: thing.description } : schema);
  return el("tr", {},
    el("td", {}, el("code", {}, name), note && el("small", {}, " " + note)),
    el("td", {}, el("span", { class: "type" }, typeOf(schema)),
      rules && el("small", {}, el("br"), rules)),
    el("td", {}, inline(said(thing, schema))));
}

function table(rows) {
  return el("div", { class: "scroll" }, el("table", {}, el("tbody", {}, rows)));
}

function fields(schema) {
  const shape = followed(schema);
  const needed = shape.required || [];
  return Object.entries(shape.properties || {}).map(([name, one]) =>
    row(name, needed.includes(name) ? "required" : "", one, one));
}

// A schema by its name, opened on demand: answers hold many levels.
function model(schema) {
  const rows = fields(schema);
  if (!rows.length) return "";
  const inner = [];
  for (const one of Object.values(followed(schema).properties)) {
    for (const part of [one, one.items || {}, ...(one.anyOf || [])]) {
      if (part.$ref && part.$ref !== schema.$ref) inner.push(model(part));
    }
  }
  return el("details", { class: "model" }, el("summary", {}, typeOf(schema)), table(rows), inner);
}

function parameters(operation) {
  const all = (operation.parameters || []).map(followed);
  if (!all.length) return [];
  const order = ["path", "query", "header"];
  all.sort((a, b) => order.indexOf(a.in) - order.indexOf(b.in));
  const rows = all.map((one) => row(one.name, one.required ? one.in + ", required" : one.in, one.schema, one));
  return [el("h4", {}, "Parameters"), table(rows)];
}

function body(operation) {
  if (!operation.requestBody) return [];
  const [[kind, content]] = Object.entries(operation.requestBody.content);
  const rows = fields(content.schema);
  const title = "Body " + (operation.requestBody.required ? "" : "(optional) ");
  return [el("h4", {}, title, el("small", {}, kind)),
    rows.length ? table(rows) : el("p", {}, "No fields.")];
}

function curl(method, path, operation) {
  const lines = ["curl " + (method === "get" ? "" : "-X " + method.toUpperCase() + " ") +
    "'" + location.origin + path.replace("{organization}/{project}", "main/site")
      .replace("{scope}", "page") + (path.includes("/live") ? "?prompt=a+red+lighthouse" : "") + "'"];
  if (operation.security.length && !operation.security.some((one) => !Object.keys(one).length)) {
    lines.push('-H "X-API-Key: $KEY"');
  }
  const content = operation.requestBody && operation.requestBody.content;
  if (content && content["multipart/form-data"]) lines.push("-F file=@picture.png");
  if (content && content["application/json"] && content["application/json"].example) {
    lines.push("-H 'Content-Type: application/json'",
      "-d '" + JSON.stringify(content["application/json"].example) + "'");
  }
  return el("pre", {}, el("code", {}, lines.join(" \\\n  ")));
}

function answers(operation) {
  const good = [], bad = [];
  for (const [status, given] of Object.entries(operation.responses)) {
    const answer = followed(given);
    const json = (answer.content || {})["application/json"];
    const kinds = Object.keys(answer.content || {}).filter((kind) => kind !== "application/json");
    const line = el("li", {}, el("b", { class: "s" + status[0] }, status), " ", inline(answer.description),
      status < 400 && kinds.length ? el("small", {}, " " + kinds.join(", ")) : "",
      status < 400 && json && json.schema ? model(json.schema) : "");
    (status < 400 ? good : bad).push(line);
  }
  return [el("h4", {}, "Answers"), el("ul", { class: "answers" }, good),
    el("details", { class: "errors" }, el("summary", {}, "Errors"), el("ul", { class: "answers" }, bad))];
}

function needs(operation) {
  const roles = operation.security.map((one) => Object.values(one)[0]).filter(Boolean).flat();
  if (!operation.security.length) return "";
  return el("small", { class: "needs" }, roles.length ? "key: " + roles[0] : "no key needed");
}

function article(method, path, operation) {
  return el("article", { id: operation.operationId },
    el("h3", {}, el("span", { class: "method " + method }, method.toUpperCase()), " ",
      el("code", {}, path), " ", needs(operation)),
    el("p", { class: "summary" }, operation.summary + "."),
    operation.description ? prose(operation.description) : "",
    curl(method, path, operation), parameters(operation), body(operation), answers(operation));
}

function show() {
  const content = document.getElementById("content");
  const index = document.getElementById("index");
  document.getElementById("version").textContent = api.info.version;
  content.replaceChildren(el("h1", {}, api.info.title + " API"), ...prose(api.info.description),
    el("p", {}, el("a", { href: "/openapi.json" }, "openapi.json")));
  for (const tag of api.tags) {
    const list = el("ul", {});
    content.append(el("section", {}, el("h2", { id: tag.name }, tag.name), prose(tag.description)));
    index.append(el("h2", {}, el("a", { href: "#" + tag.name }, tag.name)), list);
    for (const [path, item] of Object.entries(api.paths)) {
      for (const method of METHODS) {
        const operation = item[method];
        if (!operation || operation.tags[0] !== tag.name) continue;
        content.lastChild.append(article(method, path, operation));
        list.append(el("li", { "data-text": (method + path + operation.summary).toLowerCase() },
          el("a", { href: "#" + operation.operationId, title: path },
            el("span", { class: "method " + method }, method.toUpperCase()), " ", operation.summary)));
      }
    }
  }
  // The place the address names did not exist yet when the page was opened.
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (wanted) wanted.scrollIntoView();
}

function filter(event) {
  const text = event.target.value.trim().toLowerCase();
  for (const item of document.querySelectorAll("#index li")) {
    item.hidden = !item.dataset.text.includes(text);
  }
}

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then((document_) => { api = document_; show(); })
  .catch(() => {
    document.getElementById("content").append(el("p", {}, "openapi.json cannot be read right now. Reload the page."));
  });
document.getElementById("filter").addEventListener("input", filter);
