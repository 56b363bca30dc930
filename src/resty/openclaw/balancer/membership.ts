/**
 * Which nodes an upstream has now: those of the configuration, where the DNS turns names into addresses, with the changes that an
 * operator made while nginx runs. Changes are kept in the shared dict by address; they survive reloads, not restarts. Each change
 * has a number, which workers compare at every request.
 */
import * as json from "cjson.safe";
import * as addresses from "../core/http/address";
import type { Lock } from "../core/memory/lock";
import * as locks from "../core/memory/lock";
import * as shared_memory from "../core/memory/shared_memory";
import { increment } from "../core/memory/shared_memory/names";
import type { Faults } from "../core/metrics/fault";
import type { Registry } from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";
import * as kept_changes from "./kept_changes";
import type { Change, Listed, Membership, Peer } from "./model";
import * as nodes from "./node";
import { host_header } from "./node_name";
import type { Entry } from "./nodes_option";
import * as peer_of from "./peer";

const NEVER_SEEN = -1;

/** The time-to-live of the lock: far longer than a change takes, even if the system suspends the worker for a moment. */
const LOCK_SECONDS = 30;
/** How long a change waits for others. */
const WAIT_SECONDS = 5;

const FULL = "the lua_shared_dict is full";

/** No changes. Raises when there is no shared memory left. Phases: init. */
function create(
    registry: Registry,
    upstream: string,
    entries: readonly Entry[],
    is_checked: boolean,
    faults: Faults,
): Membership {
    const [slot, err] = shared_memory.slot(registry.region, `version ${upstream}`);
    if (slot === undefined) error(`balancer "${upstream}": no shared memory: ${err}`, 0);
    return {
        registry,
        upstream,
        entries,
        discovery: undefined,
        is_checked,
        faults,
        lock: locks.new(registry.region.names, `changing:${upstream}`, LOCK_SECONDS),
        version: pointer_add(registry.region.common, slot),
        seen: NEVER_SEEN,
        by_address: new LuaMap(),
        retired: new LuaMap(),
        has_retired: false,
        is_incomplete: false,
    };
}
export { create as new };

/** Whether there was a change since this worker last made its list. Phases: any. */
export function has_changed(membership: Membership): boolean {
    return membership.version.get(0) !== membership.seen;
}

/** Makes all workers update their list at their next request. Phases: any. */
export function announce(membership: Membership): void {
    // Two workers may do so at the same time: the dict gives each its own number.
    const [next] = increment(membership.registry.region.names, `version:${membership.upstream}`, 1, 0);
    membership.version.set(0, next ?? membership.version.get(0) + 1);
}

/** The changes that an operator made, by address. Phases: any. */
export function changes(membership: Membership): Record<string, Change> {
    const [text] = membership.registry.region.names.get<string>(`changes:${membership.upstream}`);
    const [found] = json.decode(text ?? "{}");
    return (found ?? {}) as Record<string, Change>;
}

/** The peer at an address, a known one or a new one; nothing if there is no memory left. */
function peer_at(membership: Membership, { address, host, port }: Listed): Peer | undefined {
    const { by_address, retired } = membership;
    const known = by_address.get(address) ?? retired.get(address);
    if (known !== undefined && peer_of.hold(known)) return known;
    const [node, node_err] = nodes.at(membership.registry, address, host, port);
    if (node === undefined) {
        membership.faults.report("no_memory", address, ": ", node_err);
        return undefined;
    }
    const [peer, err] = peer_of.new(membership.registry, membership.upstream, node, membership.is_checked);
    if (peer === undefined) membership.faults.report("no_memory", address, ": ", err);
    return peer;
}

function listed_entry(list: Listed[], membership: Membership, entry: Entry): void {
    const { weight, is_draining } = entry;
    if (!entry.is_name) {
        list.push({ address: entry.text, host: entry.host, port: entry.port, weight, is_draining });
        return;
    }
    for (const node of membership.discovery?.addresses(entry.text) ?? []) {
        const { address, host, port } = node;
        // Names in TLS have no dot at their end (RFC 6066, section 3).
        const [server_name] = string.gsub(node.target, "%.$", "");
        list.push({ address, host, port, weight: weight * node.weight, is_draining, server_name });
    }
}

/** The nodes of the configuration, with the addresses that names have in the DNS. Phases: any. */
export function listed(membership: Membership): Listed[] {
    const list: Listed[] = [];
    for (const entry of membership.entries) listed_entry(list, membership, entry);
    return list;
}

function listed_addresses(membership: Membership): LuaSet<string> {
    const found = new LuaSet<string>();
    for (const node of listed(membership)) found.add(node.address);
    return found;
}

/** Adds the nodes that an operator added. */
function add_others(list: Listed[], changed: Record<string, Change>): void {
    const added: string[] = [];
    for (const [address, its_change] of pairs(changed)) {
        if (its_change.added === true) added.push(address);
    }
    // The same order in all workers.
    table.sort(added);
    for (const text of added) {
        const [address, host, port] = addresses.parse(text);
        if (address !== undefined) list.push({ address, host, port, weight: 1, is_draining: false });
    }
}

/** Updates the retired peers: those that were in the list, or retired before, and are not in the list now. */
function note_retired(membership: Membership, in_list: LuaMap<string, Peer>): void {
    const retired = new LuaMap<string, Peer>();
    for (const [address, peer] of membership.retired) {
        if (in_list.get(address) !== peer) retired.set(address, peer);
    }
    for (const [address, peer] of membership.by_address) {
        if (in_list.get(address) !== peer) retired.set(address, peer);
    }
    membership.retired = retired;
    membership.has_retired = next(retired as object)[0] !== undefined;
}

/** Releases the retired peers without requests of this worker. Costs nothing if there are none. Phases: any but init. */
export function release_retired(membership: Membership): void {
    if (!membership.has_retired) return;
    const { retired } = membership;
    for (const [address, peer] of retired) {
        if (peer_of.release(membership.registry, peer)) retired.delete(address);
    }
    membership.has_retired = next(retired as object)[0] !== undefined;
}

/** Makes this worker update its list at its next request. Phases: any. */
export function invalidate(membership: Membership): void {
    membership.seen = NEVER_SEEN;
}

/** The peers of the new list. Those that were in the list before are the same objects. Phases: any. */
export function peers(membership: Membership): Peer[] {
    // Each worker must hold the memory of its peers, so it updates a list that was made in init.
    membership.seen = ngx.get_phase() === "init" ? NEVER_SEEN : membership.version.get(0);
    const changed = changes(membership);
    const list = listed(membership);
    add_others(list, changed);
    membership.is_incomplete = false;
    const in_list: Peer[] = [];
    const found = new LuaMap<string, Peer>();
    for (const node of list) {
        const its_change = changed[node.address] ?? {};
        const is_wanted = its_change.removed !== true && !found.has(node.address);
        const peer = is_wanted ? peer_at(membership, node) : undefined;
        if (is_wanted && peer === undefined) membership.is_incomplete = true;
        if (peer !== undefined) {
            peer.weight = its_change.weight ?? node.weight;
            peer.is_draining = its_change.drain ?? node.is_draining;
            peer.server_name = node.server_name;
            peer.host_header = host_header(node.server_name, node.host, node.port);
            in_list.push(peer);
            found.set(node.address, peer);
        }
    }
    note_retired(membership, found);
    membership.by_address = found;
    return in_list;
}

/** Runs `work` while no other process changes anything; false if others take too long, or if `work` fails. */
function change_alone(lock: Lock, work: (this: void) => boolean): LuaMultiReturn<[ok: boolean, err?: string]> {
    const [is_held, err] = locks.wait_for_lock(lock, WAIT_SECONDS);
    if (!is_held) return $multi(false, err === undefined ? "another change is in progress; try again" : FULL);
    const ok = work();
    locks.unlock(lock);
    if (ok) return $multi(true);
    return $multi(false, FULL);
}

/**
 * Replaces an operator's change of a node; `update` returns nothing to undo it. Of nodes that no longer exist only the newest
 * changes are kept. All workers apply the change at their next request. Phases: those that may yield. On failure false and why.
 */
export function change(
    membership: Membership,
    address: string,
    update: (this: void, before: Change) => Change | undefined,
): LuaMultiReturn<[ok: boolean, err?: string]> {
    return change_alone(membership.lock, () => {
        const all = changes(membership);
        const its_change = update(all[address] ?? {});
        if (its_change !== undefined) its_change.since = clock.now();
        all[address] = its_change!;
        kept_changes.limit(all, listed_addresses(membership));
        const [text] = json.encode(all);
        if (text === undefined) return false;
        const [kept] = membership.registry.region.names.safe_set(`changes:${membership.upstream}`, text);
        if (kept !== true) return false;
        announce(membership);
        return true;
    });
}
