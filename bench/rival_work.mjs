// What the rivals of the graph and of Datalog share, each in a Node process of its own:
// node X_rival.mjs PLACE DIRECTORY, PLACE where its module is unpacked, DIRECTORY with task.json: the edges, and either
// `starts` to walk from or `from`, one node whose closure is asked for. What is measured goes out as JSON lines.
import { readFileSync } from 'node:fs';

export const now = () => performance.now();
export const [place, directory] = process.argv.slice(2);
export const edgesPerCommit = 1000;
export const hops = 5;
/// Longer than this no question is waited for.
export const patienceSeconds = 30;

export function readTask() {
  const task = JSON.parse(readFileSync(`${directory}/task.json`, 'utf8'));
  task.edges = [...new Map(task.edges.map((edge) => [edge.join('\n'), edge])).values()];  // a graph is a set of edges
  task.nodes = [...new Set(task.edges.flat())];
  return task;
}

const microseconds = (begin) => (now() - begin) * 1e3;

/// Calls `commit` with so many rows at a time; the line that tells how long each took, and all of `before` too.
export function load(rows, commit, before = () => {}) {
  const times = [];
  const start = now();
  before();
  for (let at = 0; at < rows.length; at += edgesPerCommit) {
    const begin = now();
    commit(rows.slice(at, at + edgesPerCommit));
    times.push(microseconds(begin));
  }
  return { work: 'link, 1,000 a commit', times_us: times, operations: rows.length, seconds: (now() - start) / 1e3 };
}

/// `ask` gives the number of nodes found from a start. Once around to warm up, whose sum is told.
export function walk(task, ask) {
  let found = 0;
  for (const start of task.starts) found += ask(start);
  const times = [];
  const start = now();
  for (let at = 0; now() - start < task.seconds * 1e3 || at < task.starts.length; ++at) {
    const begin = now();
    ask(task.starts[at % task.starts.length]);
    times.push(microseconds(begin));
  }
  return { work: '5 hops', times_us: times, operations: times.length, seconds: (now() - start) / 1e3, found };
}

/// Asks once to warm up and then for as long as a measurement takes; what takes very long is asked once.
export function repeat(work, task, ask) {
  const begin = now();
  const found = ask();
  const first = microseconds(begin);
  if (first > 5e6) return { work, times_us: [first], operations: 1, seconds: first / 1e6, found, note: 'asked once' };
  const times = [];
  const start = now();
  do {
    const asked = now();
    if (ask() !== found) throw new Error('the same question has two answers');
    times.push(microseconds(asked));
  } while (now() - start < task.seconds * 1e3);
  return { work, times_us: times, operations: times.length, seconds: (now() - start) / 1e3, found };
}
