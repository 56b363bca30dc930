/**
 * Which nodes an upstream has at this moment: those in the configuration, with what the DNS says of the names there, and
 * over it the changes that an operator made while nginx runs. Changes stand in the shared dict by address; they outlive
 * reloads, not restarts. Each one has a number, which workers compare at every request.
 */
import * as json from "cjson.safe";
import * as addresses from "../core/http/address";
import type { Faults } from "../core/metrics/fault";
import type { Registry } from "../core/metrics/metric_registry";
import * as request from "../core/request/request";
import * as shared_memory from "../core/memory/shared_memory";
import { increment } from "../core/memory/shared_memory/names";
import type { Names } from "../core/memory/shared_memory/names";
import * as process from "../core/memory/shared_memory/process";
import * as kept_changes from "./kept_changes";
import * as nodes from "./node";
import { host_header } from "./node_name";
import type { Entry } from "./nodes_option";
import * as peer_of from "./peer";
import type { Change, Listed, Membership, Peer } from "./model";

const NEVER_SEEN = -1;

/** How long changes are held off at most: far longer than one takes, even where the system holds the worker up. */
const LOCK_SECONDS = 30;
/** How often a change is tried until another one's must be done, and after how many tries it looks whether that is dead. */
const LOCK_TRIES = 200;
const TRIES_BETWEEN_LOOKS = 20;
const TRY_SECONDS = 0.005;

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
        version: pointer_add(registry.region.common, slot),
        seen: NEVER_SEEN,
        by_address: new LuaTable(),
        leaving: new LuaTable(),
        has_leaving: false,
        lacks_some: false,
    };
}
export { create as new };

/** Whether the list has changed since this worker last made one. Phases: any. */
export function has_changed(membership: Membership): boolean {
    return membership.version.get(0) !== membership.seen;
}

/** Lets all workers make the list anew at their next request. Phases: any. */
export function announce(membership: Membership): void {
    // Two workers may do so at one moment: the dict gives each a number of its own.
    const [next] = increment(membership.registry.region.names, `version:${membership.upstream}`, 1, 0);
    membership.version.set(0, next ?? membership.version.get(0) + 1);
}

/** The changes in force, by address. Phases: any. */
export function changes(membership: Membership): Record<string, Change> {
    const [text] = membership.registry.region.names.get<string>(`changes:${membership.upstream}`);
    const [found] = json.decode(text ?? "{}");
    return (found ?? {}) as Record<string, Change>;
}

/** The peer at an address: one that is known already, or a new one; nothing when there is no memory left. */
function peer_at(membership: Membership, { address, host, port }: Listed): Peer | undefined {
    const { by_address, leaving } = membership;
    const known = (by_address.get(address) as Peer | undefined) ?? (leaving.get(address) as Peer | undefined);
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

/** The nodes in the configuration, and what the DNS says of the names there. Phases: any. */
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

/** Brings the peers that leave up to date: those that were in force, or left before, and are not in force now. */
function note_leaving(membership: Membership, in_force: LuaTable<string, Peer>): void {
    const leaving = new LuaTable<string, Peer>();
    for (const [address, peer] of membership.leaving) {
        if (in_force.get(address) !== peer) leaving.set(address, peer);
    }
    for (const [address, peer] of membership.by_address) {
        if (in_force.get(address) !== peer) leaving.set(address, peer);
    }
    membership.leaving = leaving;
    membership.has_leaving = next(leaving as object)[0] !== undefined;
}

/**
 * Lets go of the peers that have left and have no request of this worker any more. Costs nothing where none has left.
 * Phases: any but init.
 */
export function settle(membership: Membership): void {
    if (!membership.has_leaving) return;
    const leaving = membership.leaving;
    for (const [address, peer] of leaving) {
        if (peer_of.let_go(membership.registry, peer)) leaving.delete(address);
    }
    membership.has_leaving = next(leaving as object)[0] !== undefined;
}

/** Has this worker make the list anew at its next request. Phases: any. */
export function look_again(membership: Membership): void {
    membership.seen = NEVER_SEEN;
}

/** The peers in force now. Those that were in force before keep all that is known of them. Phases: any. */
export function peers(membership: Membership): Peer[] {
    // What was made in init each worker makes its own at its first look.
    membership.seen = ngx.get_phase() === "init" ? NEVER_SEEN : membership.version.get(0);
    const changed = changes(membership);
    const list = listed(membership);
    add_others(list, changed);
    membership.lacks_some = false;
    const in_force: Peer[] = [];
    const found = new LuaTable<string, Peer>();
    for (const node of list) {
        const its_change = changed[node.address] ?? {};
        const is_wanted = its_change.removed !== true && !found.has(node.address);
        const peer = is_wanted ? peer_at(membership, node) : undefined;
        if (is_wanted && peer === undefined) membership.lacks_some = true;
        if (peer !== undefined) {
            peer.weight = its_change.weight ?? node.weight;
            peer.is_draining = its_change.drain ?? node.is_draining;
            peer.server_name = node.server_name;
            peer.host_header = host_header(node.server_name, node.host, node.port);
            in_force.push(peer);
            found.set(node.address, peer);
        }
    }
    note_leaving(membership, found);
    membership.by_address = found;
    return in_force;
}

/** Takes the lock from a worker that was killed with it; of the workers that notice, one does it. */
function free_from_dead(names: Names, lock: string): void {
    const [holder] = names.get<string>(lock);
    if (typeof holder !== "string" || process.is_alive(holder)) return;
    const mark = `${lock} heir`;
    const [won] = names.safe_add(mark, 1, LOCK_SECONDS);
    if (won !== true) return;
    if (names.get<string>(lock)[0] === holder) names.delete(lock);
    names.delete(mark);
}

/** Holds off other workers' changes while `work` runs; false when they take too long. */
function alone(membership: Membership, work: (this: void) => boolean): LuaMultiReturn<[ok: boolean, err?: string]> {
    const names = membership.registry.region.names;
    const lock = `changing:${membership.upstream}`;
    const me = process.identity();
    for (const attempt of $range(1, LOCK_TRIES)) {
        // The lock would end too soon by the time of a turn of nginx's loop that began long ago.
        ngx.update_time();
        const [won, err] = names.safe_add(lock, me, LOCK_SECONDS);
        if (won === true) {
            const ok = work();
            names.delete(lock);
            if (ok) return $multi(true);
            return $multi(false, "the lua_shared_dict is full");
        }
        if (err !== "exists") return $multi(false, "the lua_shared_dict is full");
        if (attempt % TRIES_BETWEEN_LOOKS === 0) free_from_dead(names, lock);
        ngx.sleep(TRY_SECONDS);
    }
    return $multi(false, "another change is in progress, try again");
}

/**
 * Changes what an operator said of a node; nothing forgets it. Of nodes that are no longer there the newest changes are
 * kept. All workers follow at their next request. Phases: those that may yield. On failure false and why.
 */
export function change(
    membership: Membership,
    address: string,
    update: (this: void, before: Change) => Change | undefined,
): LuaMultiReturn<[ok: boolean, err?: string]> {
    return alone(membership, () => {
        const all = changes(membership);
        const its_change = update(all[address] ?? {});
        if (its_change !== undefined) its_change.since = request.now();
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
