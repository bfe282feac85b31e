// The baseline: socket.io as the portals of old ran it. Prints its port; each line on stdin is sent to all students.
import http from "node:http";
import readline from "node:readline";
import { Server } from "socket.io";

const server = http.createServer();
const io = new Server(server);
io.on("connection", (socket) => {
  socket.on("join:role", (role, done) => {
    socket.join(`role:${role}`);
    done?.({ ok: true });
  });
});
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  io.to("role:student").emit("library:updated", JSON.parse(line));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
