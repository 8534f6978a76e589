// Kuzu beside bench/graph.cpp and bench/datalog.cpp (rival_work.mjs). Calls are synchronous and on one thread: both are
// faster here than what the module does by default.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { directory, hops, load, now, patienceSeconds, place, readTask, repeat, walk } from './rival_work.mjs';

const kuzu = createRequire(`${place}/`)('./index.js');
const depthMax = 1000;

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');

async function open(name) {
  const connection = new kuzu.Connection(new kuzu.Database(`${directory}/${name}`), 1);
  await connection.init();
  connection.setQueryTimeout(patienceSeconds * 1e3);
  run(connection, 'CREATE NODE TABLE Node(name STRING PRIMARY KEY)');
  run(connection, 'CREATE REL TABLE Edge(FROM Node TO Node)');
  return connection;
}

function rowsOf(result) {
  const rows = result.getAllSync();
  result.close();
  return rows;
}
const run = (connection, text) => rowsOf(connection.querySync(text));

function loadByCommits(connection, task) {
  const nodes = connection.prepareSync('COPY Node FROM (UNWIND $rows AS r RETURN r)');
  const edges = connection.prepareSync('COPY Edge FROM (UNWIND $rows AS r RETURN r[1], r[2])');
  const line = load(
    task.edges,
    (rows) => rowsOf(connection.executeSync(edges, { rows })),
    () => rowsOf(connection.executeSync(nodes, { rows: task.nodes })),
  );
  say({ ...line, note: 'COPY from a list for each; nodes first, at once' });
}

function loadFiles(connection, task) {
  writeFileSync(`${directory}/nodes.csv`, task.nodes.join('\n') + '\n');
  writeFileSync(`${directory}/edges.csv`, task.edges.map((edge) => edge.join(',')).join('\n') + '\n');
  const begin = now();
  run(connection, `COPY Node FROM '${directory}/nodes.csv' (header=false)`);
  run(connection, `COPY Edge FROM '${directory}/edges.csv' (header=false)`);
  return (now() - begin) / 1e3;
}

async function measureWalks(task) {
  const connection = await open('kuzu');
  loadByCommits(connection, task);
  const rate = Math.round(task.edges.length / loadFiles(await open('kuzu-files'), task));
  say({ work: 'link, all at once', figure: `${rate.toLocaleString('en-US')} a second`, note: 'COPY from files' });
  const edge = `[:Edge* SHORTEST 1..${hops}]`;
  const match = `MATCH (a:Node {name: $start})${task.out ? `-${edge}->` : `<-${edge}-`}(b:Node) RETURN `;
  const names = connection.prepareSync(match + 'b.name');
  const count = connection.prepareSync(match + 'COUNT(*) AS n');
  const ask = (statement, start) => rowsOf(connection.executeSync(statement, { start }));
  say({ ...walk(task, (start) => ask(names, start).length), note: 'names, as JavaScript' });
  say({ ...walk(task, (start) => ask(count, start)[0].n), note: 'counted, no names' });
}

async function measureClosures(task) {
  const connection = await open('kuzu');
  loadFiles(connection, task);
  run(connection, `CALL var_length_extend_max_depth=${depthMax}`);
  const way = `-[:Edge* SHORTEST 1..${depthMax}]->(b:Node) RETURN COUNT(*) AS n`;
  const note = 'shortest paths; without pairs of a node with itself';
  const ask = (work, text) => {
    try {
      const line = repeat(work, task, () => run(connection, text)[0].n);
      say({ ...line, without_itself: true, note: line.note ? `${note}; ${line.note}` : note });
    } catch (error) {
      say({ work, figure: `not done: ${String(error.message).split('\n')[0]} (${patienceSeconds} s at most)` });
    }
  };
  ask('from one node', `MATCH (a:Node {name: '${task.from}'})${way}`);
  ask('every pair', `MATCH (a:Node)${way}`);
}

const task = readTask();
await (task.starts ? measureWalks(task) : measureClosures(task));
process.stdout.write('end\n', () => process.exit(0));
