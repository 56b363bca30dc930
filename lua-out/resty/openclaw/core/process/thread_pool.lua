local ____exports = {}
local ipairs = ipairs
local pcall = pcall
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
local ffi_string = ffi.string
ffi_cdef("\n    struct openclaw_pool_name { size_t bytes; const char *text; };\n    intptr_t *openclaw_thread_pool_get(void *cycle, const struct openclaw_pool_name *name) __asm__(\"ngx_thread_pool_get\");\n    extern void *openclaw_thread_pool_cycle __asm__(\"ngx_cycle\");\n")
--- How many words a mutex has, by the C library and the processor.
local MUTEX_WORDS = {5, 6}
--- How many words after the mutex what follows it is: the list of tasks, how many there are, a condition, a log.
local WAITING_AFTER = 2
local NAME_AFTER = 10
local MOST_AFTER = 13
local library = ffi.C
local pools = {}
--- Whether the pool has its name where it would be with a mutex of so many words.
local function has_name(words, name, mutex_words)
    local at = mutex_words + NAME_AFTER
    if tonumber(words[at]) ~= #name then
        return false
    end
    local text = ffi_cast("const char *", words[at + 1])
    return ffi_string(text, #name) == name
end
local function layout_of(words, name)
    for ____, mutex_words in ipairs(MUTEX_WORDS) do
        if has_name(words, name, mutex_words) then
            return {words = words, waiting_at = mutex_words + WAITING_AFTER, most_at = mutex_words + MOST_AFTER}
        end
    end
    return {words = words, waiting_at = nil, most_at = 0}
end
--- nginx's pool of that name. Raises where nginx was built so that its functions and data have no names for libraries.
local function pool_in_nginx(name)
    local its_name = ffi_new("struct openclaw_pool_name[1]", {{bytes = #name, text = name}})
    return ffi.C.openclaw_thread_pool_get(library.openclaw_thread_pool_cycle, its_name)
end
--- The pool of that name; nothing if there is none, or none is found.
local function find(name)
    local known = pools[name]
    if known ~= nil then
        return known
    end
    local is_found, words = pcall(pool_in_nginx, name)
    if not is_found then
        return nil
    end
    if words == nil then
        return nil
    end
    local pool = layout_of(words, name)
    pools[name] = pool
    return pool
end
--- Whether the queue of the pool takes another task at this moment: nobody else gives it one before this worker's Lua yields. Without a pool
-- of that name true. Phases: any of a worker.
local function has_room(name)
    local pool = find(name)
    if (pool and pool.waiting_at) == nil then
        return true
    end
    local words = pool.words
    local waiting_at = pool.waiting_at
    local most_at = pool.most_at
    return tonumber(words[waiting_at]) < tonumber(words[most_at])
end
____exports.has_room = has_room
--- Whether nginx.conf has a pool of that name; true where that is not to be found out. Phases: any of a worker.
local function is_there(name)
    local is_found, words = pcall(pool_in_nginx, name)
    return not is_found or words ~= nil
end
____exports.is_there = is_there
return ____exports
