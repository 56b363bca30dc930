/**
 * The thread pools in nginx.conf: whether there is one of a name, and whether its queue takes another task. A task that its queue does not
 * take ends the worker in some versions of ngx_lua, so it has to be known before.
 *
 * No function of nginx tells that, so it is read from the pool itself. Its layout is that of ngx_thread_pool_t in nginx 1.7.11 to 1.31, with
 * the mutexes and conditions of glibc and musl. Whether it holds is checked by the pool's name; where it does not, the queue counts as one
 * with room.
 */
import * as ffi from "ffi";

ffi.cdef(`
    struct openclaw_pool_name { size_t bytes; const char *text; };
    intptr_t *openclaw_thread_pool_get(void *cycle, const struct openclaw_pool_name *name) __asm__("ngx_thread_pool_get");
    extern void *openclaw_thread_pool_cycle __asm__("ngx_cycle");
`);

/** A pool as words of memory. */
type Words = LuaTable<number, CValue>;

/** What is known of a pool. */
interface Pool {
    readonly words: Words;
    /**
     * Where it has how many tasks wait for a thread, less how many threads wait for a task, and how many may; nothing where the layout is
     * another one.
     */
    readonly waiting_at: number | undefined;
    readonly most_at: number;
}

/** How many words a mutex has, by the C library and the processor. */
const MUTEX_WORDS = [5, 6];
/** How many words after the mutex what follows it is: the list of tasks, how many there are, a condition, a log. */
const WAITING_AFTER = 2;
const NAME_AFTER = 10;
const MOST_AFTER = 13;

const library = ffi.C as unknown as { readonly openclaw_thread_pool_cycle: CValue };

const pools = new LuaMap<string, Pool>();

/** Whether the pool has its name where it would be with a mutex of so many words. */
function has_name(words: Words, name: string, mutex_words: number): boolean {
    const at = mutex_words + NAME_AFTER;
    if (tonumber(words.get(at)) !== name.length) return false;
    const text = ffi.cast("const char *", words.get(at + 1));
    return ffi.string(text, name.length) === name;
}

function layout_of(words: Words, name: string): Pool {
    for (const mutex_words of MUTEX_WORDS) {
        if (has_name(words, name, mutex_words)) {
            return { words, waiting_at: mutex_words + WAITING_AFTER, most_at: mutex_words + MOST_AFTER };
        }
    }
    return { words, waiting_at: undefined, most_at: 0 };
}

/** nginx's pool of that name. Raises where nginx was built so that its functions and data have no names for libraries. */
function pool_in_nginx(this: void, name: string): Words | undefined {
    const its_name = ffi.new("struct openclaw_pool_name[1]", [{ bytes: name.length, text: name }]);
    return ffi.C.openclaw_thread_pool_get!(library.openclaw_thread_pool_cycle, its_name) as Words | undefined;
}

/** The pool of that name; nothing if there is none, or none is found. */
function find(name: string): Pool | undefined {
    const known = pools.get(name);
    if (known !== undefined) return known;
    const [is_found, words] = pcall(pool_in_nginx, name);
    if (!is_found) return undefined;
    if (words === undefined) return undefined;
    const pool = layout_of(words as Words, name);
    pools.set(name, pool);
    return pool;
}

/**
 * Whether the queue of the pool takes another task at this moment: nobody else gives it one before this worker's Lua yields. Without a pool
 * of that name true. Phases: any of a worker.
 */
export function has_room(name: string): boolean {
    const pool = find(name);
    if (pool?.waiting_at === undefined) return true;
    const { words, waiting_at, most_at } = pool;
    return tonumber(words.get(waiting_at))! < tonumber(words.get(most_at))!;
}

/** Whether nginx.conf has a pool of that name; true where that is not to be found out. Phases: any of a worker. */
export function is_there(name: string): boolean {
    const [is_found, words] = pcall(pool_in_nginx, name);
    return !is_found || words !== undefined;
}
