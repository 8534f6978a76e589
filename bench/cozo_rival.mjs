// CozoDB beside bench/graph.cpp and bench/datalog.cpp (rival_work.mjs): WebAssembly, in memory. It cannot be stopped
// from within, so it works in a thread that is ended when a question takes too long.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { hops, load, patienceSeconds, place, readTask, repeat, walk } from './rival_work.mjs';

const note = 'in memory';

function watch() {
  const worker = new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2) });
  let patience;
  const end = (lines) => {
    clearTimeout(patience);
    process.stdout.write(lines.map((line) => JSON.stringify(line) + '\n').join('') + 'end\n', () => process.exit(0));
  };
  worker.on('message', ({ begin, then, line }) => {
    clearTimeout(patience);
    if (line) process.stdout.write(JSON.stringify(line) + '\n');
    if (!begin) return;
    const late = [{ work: begin, figure: `not done in ${patienceSeconds} s`, note }];
    for (const work of then) late.push({ work, figure: `not asked after that`, note });
    patience = setTimeout(() => end(late), patienceSeconds * 1e3);
  });
  worker.on('error', (error) => end([{ work: 'ended early', figure: String(error.message).split('\n')[0], note }]));
  worker.on('exit', () => end([]));
}

async function open() {
  // The package calls its module `.js` and does not say that it is one.
  const text = readFileSync(`${place}/cozo_lib_wasm.js`).toString('base64');
  const cozo = await import(`data:text/javascript;base64,${text}`);
  cozo.initSync(readFileSync(`${place}/cozo_lib_wasm_bg.wasm`));
  return cozo.CozoDb.new();
}

function run(database, script, parameters = {}) {
  const result = JSON.parse(database.run(script, JSON.stringify(parameters), false));
  if (!result.ok) throw new Error(result.message ?? result.display);
  return result.rows;
}

function fill(database, task) {
  run(database, ':create edge {src: String, dst: String}');
  run(database, '::index create edge:by_dst {dst, src}');
  return load(task.edges, (rows) => run(database, '?[src, dst] <- $rows :put edge {src, dst}', { rows }));
}

function measureWalks(database, task) {
  parentPort.postMessage({ line: { ...fill(database, task), note } });
  const step = (from, to) => (task.out ? `*edge{src: ${from}, dst: ${to}}` : `*edge:by_dst{dst: ${from}, src: ${to}}`);
  // A rule for each hop: faster than one that recurs with the least number of hops.
  let rules = `h1[n] := ${step('$start', 'n')}\n`;
  for (let hop = 2; hop <= hops; ++hop) {
    rules += `h${hop}[n] := h${hop - 1}[m], ${step('m', 'n')}\nh${hop}[n] := h${hop - 1}[n]\n`;
  }
  const ask = (head) => (start) => run(database, `${rules}${head} := h${hops}[n], n != $start`, { start });
  const names = ask('?[n]');
  const count = ask('?[count(n)]');
  parentPort.postMessage({ line: { ...walk(task, (start) => names(start).length), note: `${note}; names, as JSON` } });
  parentPort.postMessage({
    line: { ...walk(task, (start) => count(start)[0]?.[0] ?? 0), note: `${note}; counted, no names` },
  });
}

function measureClosures(database, task) {
  fill(database, task);
  const first = 'r[x, y] := *edge{src: x, dst: y}\n';
  const left = `${first}r[x, z] := r[x, y], *edge{src: y, dst: z}\n`;
  const right = `${first}r[x, z] := *edge{src: x, dst: y}, r[y, z]\n`;
  // It hands a constant down only where the question's own rule does not aggregate.
  const one = `a[y] := r['${task.from}', y]\n?[count(y)] := a[y]`;
  const questions = [
    ['from one node, left-linear', left + one],
    ['from one node, right-linear', right + one],
    ['every pair', `${left}?[count(y)] := r[x, y]`],
  ];
  questions.forEach(([work, text], at) => {
    parentPort.postMessage({ begin: work, then: questions.slice(at + 1).map(([other]) => other) });
    const line = repeat(work, task, () => run(database, text)[0][0]);
    parentPort.postMessage({ line: { ...line, note: line.note ? `${note}; ${line.note}` : note } });
  });
}

if (isMainThread) {
  watch();
} else {
  const task = readTask();
  const database = await open();
  (task.starts ? measureWalks : measureClosures)(database, task);
}
