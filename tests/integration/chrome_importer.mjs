// Reads files as chrome://tracing does: by the importer of Chromium's trace viewer (catapult), in Node.js, where there is no page.
//
//   node chrome_importer.mjs VIEWER FILE...
//
// VIEWER is the viewer as one page. Prints a line of JSON for each file: what the importer warned of, and what it made of it.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

// The page's script is what its modules were, one behind the other. Those that draw want a document, and are left out.
function modules(page) {
  const script = page.slice(page.indexOf('<script>') + '<script>'.length, page.lastIndexOf('</script>'));
  const first = "'use strict';const global="; // what is before it is Polymer
  const parts = script.slice(script.indexOf(first)).split(/(?='use strict';)/);
  const draws = /^'use strict';tr\.exportTo\('(tr\.ui\b|tr\.v\.ui\b|[\w.]+',function\(\)\{const \w+=tr\.ui\.)|\bPolymer\(|window\.d3=/;
  return parts.filter((part) => !draws.test(part));
}

function viewer(path) {
  // As in Chromium's own command line, which has neither a document.
  const globals = { console, isVinn: true, performance: { now: () => performance.now() }, setTimeout, clearTimeout };
  globals.global = globals;
  const context = vm.createContext(globals);
  for (const module of modules(readFileSync(path, 'utf8'))) {
    vm.runInContext(module, context);
  }
  return globals.tr;
}

const place = (slice) => ({
  pid: slice.parentContainer.parent.pid,
  tid: slice.parentContainer.tid,
  title: slice.title,
});

function nested(slice) {
  return { title: slice.title, start: slice.start, duration: slice.duration, inner: slice.subSlices.map(nested) };
}

function rows(process) {
  return Object.values(process.threads).map((thread) => ({
    tid: thread.tid,
    name: thread.name,
    slices: thread.sliceGroup.topLevelSlices.map(nested),
    waits: thread.asyncSliceGroup.slices.map(({ title, start, duration }) => ({ title, start, duration })),
  }));
}

function imported(tr, text) {
  const model = new tr.Model();
  const options = new tr.importer.ImportOptions();
  options.showImportWarnings = false;
  new tr.importer.Import(model, options).importTraces([text]);
  return {
    warnings: model.importWarnings.map(({ type, message }) => `${type}: ${message}`),
    processes: Object.values(model.processes).map((process) => ({ pid: process.pid, name: process.name, rows: rows(process) })),
    arrows: model.flowEvents.map((flow) => ({ from: place(flow.startSlice), to: place(flow.endSlice) })),
  };
}

const [, , page, ...files] = process.argv;
const tr = viewer(page);
for (const file of files) {
  console.log(JSON.stringify(imported(tr, readFileSync(file, 'utf8'))));
}
