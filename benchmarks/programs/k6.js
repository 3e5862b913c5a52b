// The k6 variant: what a tester writes after reading k6's documentation. A VU is a device: it looks the platform up,
// opens its WebSocket, does the initial flow, and beats. One trend of the round trips, two counters.

import http from "k6/http";
import crypto from "k6/crypto";
import { WebSocket } from "k6/experimental/websockets";
import { Counter, Trend } from "k6/metrics";
import { SharedArray } from "k6/data";

const order = JSON.parse(open(__ENV.BENCHMARK_K6));
const devices = new SharedArray("devices", () => JSON.parse(open(order.devices_file)));

export const options = {
  scenarios: {
    fleet: {
      executor: "per-vu-iterations",
      vus: devices.length,
      iterations: 1,
      maxDuration: `${Math.ceil(order.limit_s)}s`,
      gracefulStop: "0s",
    },
  },
};

const roundTrips = new Counter("round_trips");
const wrong = new Counter("wrong");
const online = new Counter("online");
const latency = new Trend("latency", true);

function lookUp(device) {
  const nonce = crypto.hexEncode(crypto.randomBytes(16));
  const timestamp = `${Date.now()}`;
  const sign = crypto.md5(device.sn + nonce + timestamp + device.secretKey, "hex");
  const query = `sn=${device.sn}&type=${device.type}&nonce=${nonce}&timestamp=${timestamp}&sign=${sign}`;
  return http.get(`${order.dispatch}/v3/device/getBrokerServer?${query}`).json("payload.results.url");
}

export default function () {
  const device = devices[__VU - 1];
  const boot = Date.now().toString(16);
  let sent = 0;
  const waiting = new Map();
  const ws = new WebSocket(lookUp(device));

  function request(funcId, params, next, sn) {
    const mid = `${boot}${++sent}`;
    const message = { funcId, imme: "0", mid, payload: { params } };
    if (sn !== undefined) {
      message.sn = sn;
    }
    waiting.set(mid, [Date.now(), next]);
    ws.send(JSON.stringify(message));
  }

  // On a schedule, as all others: setInterval would count from when the last beat was late.
  const interval = order.heartbeat_s * 1000;
  let due = 0;
  function beat() {
    request("dev.heartbeat", { isFree: "1" }, null);
    due += interval;
    setTimeout(beat, Math.max(0, due - Date.now()));
  }

  ws.onmessage = (event) => {
    const reply = JSON.parse(event.data);
    if (!waiting.has(reply.mid) || reply.code !== "00000000") {
      wrong.add(1);
      return;
    }
    const [began, next] = waiting.get(reply.mid);
    waiting.delete(reply.mid);
    latency.add(Date.now() - began);
    roundTrips.add(1);
    if (next !== null) {
      next((reply.payload || {}).results);
    }
  };
  ws.onerror = () => wrong.add(1);
  ws.onopen = () => {
    request("dev.register", device.register, (registered) => {
      const authCode = registered.authCode;
      request("dev.accredit", { ...device.proof, authCode }, (accredited) => {
        request("dev.login", { ...device.proof, authCode, secret: accredited.secret }, () => {
          request("dev.report", device.report, () => {
            online.add(1);
            due = Date.now() + Math.random() * interval;
            setTimeout(beat, due - Date.now());
          }, device.sn);
        }, device.sn);
      }, device.sn);
    }, device.sn);
  };
}
