// IPX on a folder and a port, as its manual says; one picture at a time, like the server beside it.
import { createServer } from "node:http";
import { createIPX, createIPXNodeServer, ipxFSStorage } from "ipx";
import sharp from "sharp";

const [folder, port] = process.argv.slice(2);
sharp.concurrency(1);
const ipx = createIPX({ storage: ipxFSStorage({ dir: folder }) });
createServer(createIPXNodeServer(ipx)).listen(Number(port), "127.0.0.1");
