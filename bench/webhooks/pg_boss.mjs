// pg-boss as one more system of measure.mjs: one queue, batches of 500, each job of a batch POSTed, so many at a time. It
// polls, at least half a second apart: only its rate in a burst says something.
import PgBoss from "pg-boss";
import { poster } from "./post.mjs";

export async function pgBoss(client, url, concurrency) {
  const connectionString = `postgresql:///${process.env.PGDATABASE}?host=${process.env.PGHOST}&port=${process.env.PGPORT}&user=${process.env.PGUSER}`;
  const boss = new PgBoss({ connectionString, supervise: false, schedule: false });
  boss.on("error", console.error);
  await boss.start();
  await boss.createQueue("post");
  const { post, close } = poster(url, concurrency);
  const deliver = (jobs) => Promise.all(jobs.map((job) => post(job.data)));
  await boss.work("post", { batchSize: 500, pollingIntervalSeconds: 0.5 }, deliver);
  const db = { executeSql: (text, values) => client.query(text, values) }; // in the caller's transaction
  return {
    polls: true,
    enqueue: async (count) => {
      const keys = Array.from({ length: count }, () => crypto.randomUUID());
      await boss.insert(keys.map((key) => ({ name: "post", data: { event_id: key } })), { db });
      return keys;
    },
    stop: async () => {
      await boss.stop({ graceful: true, wait: true });
      close();
    },
  };
}
