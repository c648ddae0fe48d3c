/**
 * Flows in lines as Hubble writes them. Lines say the same things again and again: who stands at their ends, and what else
 * was seen. Each such text is parsed once, which is several times as fast as to parse every line.
 */
import type { z } from "zod";
import { endpoint, type HubbleFlow, outcome, readEvent, tcpFlags } from "./event.ts";
import { keeper, onceEachLongText, onceEachText, own } from "./once.ts";

/**
 * Reads lines that have the fields of a flow in the order of `api/v1/flow/flow.proto`, without spaces, and ports; gives
 * undefined for any other line, which may hold a flow all the same. Ends are one object for each text.
 */
export function lineReader(): (line: string) => HubbleFlow | undefined {
  const kept = keeper();
  const flagsIn = onceEachText((text) => parsed(tcpFlags, `{${text}}`));
  const endIn = onceEachLongText((text) => parsed(endpoint, text));
  const restIn = onceEachLongText(restOf);
  return (line) => {
    const found = beginning.exec(line);
    if (found === null) return undefined;
    const [{ length: start }, time = "", uuid, told = "", from = "", to = "", protocol, fromPort, toPort, set = ""] =
      found;
    const middle = line.indexOf(betweenEnds, start);
    const end = line.indexOf(afterEnds, middle);
    const last = line.lastIndexOf(beforeTime);
    const isWhole =
      middle > 0 && end > 0 && last > end && line.indexOf('"}', last + beforeTime.length) === line.length - 2;
    if (!isWhole) return undefined;
    const rest = restIn(line.slice(end + 2, last));
    if (rest === undefined) return undefined;
    // Near half of a record are replies, of which nothing counts but that they were.
    if (rest.isMereReply) {
      const source = { namespace: kept(namespaceIn(line, start)) };
      const destination = { namespace: kept(namespaceIn(line, middle + betweenEnds.length - 1)) };
      const { node_name } = rest.flow;
      return { time: own(time), uuid: uuid ?? rest.flow.uuid, node_name, is_reply: true, source, destination };
    }
    const [sourceAddress, address] = [kept(from), kept(to)];
    const source = endIn(line.slice(start, middle + 1), sourceAddress);
    const destination = endIn(line.slice(middle + betweenEnds.length - 1, end + 1), address);
    const flow = rest.after(told);
    const flags = flagsIn(set);
    if (!source || !destination || !flow || !flags) return undefined;
    const ports = { source_port: Number(fromPort), destination_port: Number(toPort) };
    return {
      ...flow,
      time: own(time),
      uuid: uuid ?? flow.uuid,
      IP: { source: sourceAddress, destination: address },
      l4: protocol === "TCP" ? { TCP: { ...ports, flags } } : protocol === "UDP" ? { UDP: ports } : { SCTP: ports },
      source,
      destination,
    };
  };
}

/** What follows the ends in a line. */
type Rest = {
  readonly flow: HubbleFlow;
  readonly isMereReply: boolean;
  /** With what was told before the ends. */
  readonly after: (told: string) => HubbleFlow | undefined;
};

function restOf(text: string): Rest | undefined {
  const event = readEvent(json(`{"flow":{${text}}`));
  if (event.kind !== "flow") return undefined;
  const { flow } = event;
  const isMereReply = flow.is_reply === true && !flow.l7 && !flow.destination_names && !flow.aggregate;
  const after = onceEachText((told) => {
    const seen = parsed(outcome, `{${told}}`);
    // With every field that a line adds, so that whatever is made of it is alike.
    return (
      seen && { ...flow, ...seen, time: "", IP: undefined, l4: undefined, source: undefined, destination: undefined }
    );
  });
  return { flow, isMereReply, after };
}

const text = '"([^"\\\\]*)"';

/** Until the source begins. */
const beginning = new RegExp(
  [
    `^\\{"flow":\\{"time":${text},(?:"uuid":${text},)?`,
    '((?:"emitter":\\{[^{}]*\\},)?"verdict":"\\w+"(?:,"drop_reason":\\d+)?(?:,"auth_type":"\\w+")?),',
    '(?:"ethernet":\\{"source":"[\\da-f:]+","destination":"[\\da-f:]+"\\},)?',
    `"IP":\\{"source":${text},(?:"source_xlated":"[^"\\\\]*",)?"destination":${text}`,
    '(?:,"ipVersion":"\\w+")?(?:,"encrypted":true)?\\},',
    '"l4":\\{"(TCP|UDP|SCTP)":\\{"source_port":(\\d+),"destination_port":(\\d+)(?:,"flags":\\{([^{}]*)\\})?\\}\\},"source":',
  ].join(""),
);
const betweenEnds = '},"destination":{';
const afterEnds = '},"Type":"';
/** Of the envelope's own. */
const beforeTime = ',"time":"';

const endUntilNamespace = new RegExp(
  `\\{(?:"ID":\\d+,)?(?:"identity":\\d+,)?(?:"cluster_name":${text},)?(?:"namespace":${text})?`,
  "y",
);

/** The namespace of an end that begins somewhere in a line. */
function namespaceIn(line: string, start: number): string {
  endUntilNamespace.lastIndex = start;
  return endUntilNamespace.exec(line)?.[2] ?? "";
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | undefined {
  return schema.safeParse(json(text)).data;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
