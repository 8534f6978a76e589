// The work of bench/search.cpp with LanceDB: node lancedb_rival.mjs LANCEDB DIRECTORY DIMENSION SECONDS
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [place, directory, dimensionText, secondsText] = process.argv.slice(2);
const lancedb = createRequire(place + '/')('@lancedb/lancedb');
const dimension = Number(dimensionText);
const seconds = Number(secondsText);
const k = 10;
const groups = 100;
const inserts = 100;

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const now = () => performance.now();

function readFloats(name) {
  const bytes = readFileSync(`${directory}/${name}`);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return Array.from({ length: all.length / dimension }, (_, row) =>
    Array.from(all.subarray(row * dimension, (row + 1) * dimension)));
}

function readTasks(queries) {
  const lines = readFileSync(`${directory}/answers.txt`, 'utf8').trim().split('\n');
  const tasks = [];
  for (let at = 0; at < lines.length; at += queries + 1) {
    tasks.push({
      groups: Number(lines[at]),
      answers: lines.slice(at + 1, at + 1 + queries).map((line) => new Set(line.trim().split(' ').map(Number))),
    });
  }
  return tasks;
}

async function ask(table, queries, task, indexed) {
  const times = [];
  let found = 0;
  const start = now();
  do {
    for (let number = 0; number < queries.length; ++number) {
      const begin = now();
      let query = table.vectorSearch(queries[number]).limit(k).select(['id', '_distance']);
      if (indexed) query = query.nprobes(20).refineFactor(5);
      if (task.groups < groups) query = query.where(`grp < ${task.groups}`);
      const rows = await query.toArray();
      times.push((now() - begin) * 1e3);
      for (const row of rows) found += task.answers[number].has(row.id) ? 1 : 0;
    }
  } while (now() - start < seconds * 1e3);
  const name = task.groups === groups ? 'all' : `${task.groups} % match`;
  say({
    work: `10 nearest, ${name}`,
    times_us: times,
    seconds: (now() - start) / 1e3,
    recall: found / (k * times.length),
  });
}

async function insert(table, first) {
  const times = [];
  for (let number = 0; number < inserts; ++number) {
    const vector = Array.from({ length: dimension }, () => Math.random() * 4 - 2);
    const begin = now();
    await table.add([{ id: first + number, grp: number % groups, vector }]);
    const rows = await table.vectorSearch(vector).limit(k).select(['id', '_distance']).toArray();
    times.push((now() - begin) * 1e3);
    if (!rows.some((row) => row.id === first + number)) throw new Error('what was put is not found');
  }
  say({ work: 'put one, until a search finds it', times_us: times, seconds: times.reduce((a, b) => a + b) / 1e6 });
}

const vectors = readFloats('vectors.f32');
const queries = readFloats('queries.f32');
const tasks = readTasks(queries.length);
const begin = now();
const database = await lancedb.connect(`${directory}/lancedb`);
const rows = vectors.map((vector, id) => ({ id, grp: id % groups, vector }));
const table = await database.createTable('vectors', rows);
const indexed = vectors.length > 20000;  // below that it compares with all
if (indexed) await table.createIndex('vector', { config: lancedb.Index.ivfPq({ distanceType: 'l2' }) });
say({ work: 'put and index all', figure: `${((now() - begin) / 1e3).toFixed(2)} s` });
for (const task of tasks) await ask(table, queries, task, indexed);
await insert(table, vectors.length);
const opened = [];
for (let time = 0; time < 5; ++time) {
  const again = now();
  const fresh = await (await lancedb.connect(`${directory}/lancedb`)).openTable('vectors');
  await fresh.vectorSearch(queries[0]).limit(k).select(['id', '_distance']).toArray();
  opened.push(now() - again);
}
opened.sort((a, b) => a - b);
say({ work: 'open, until the first answer', figure: `${opened[2].toFixed(2)} ms` });
process.stdout.write('end\n');
