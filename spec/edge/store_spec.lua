local edge = require("spec.support.edge_jobs")
local file_sync = require("resty.openclaw.core.files.file_sync")
local files = require("resty.openclaw.core.files.files")
local ids = require("resty.openclaw.edge.store.id")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local records = require("resty.openclaw.edge.store.record")
local stores = require("resty.openclaw.edge.store")
local time_slice = require("resty.openclaw.core.time.time_slice")
local usages = require("resty.openclaw.edge.store.usage")

local function new_store()
    local store = stores.new(edge.folder(), "default")
    assert(stores.prepare(store))
    return store
end

describe("edge: ids of jobs", function()
    it("are never the same, and tell their time", function()
        local seen = {}
        for _ = 1, 1000 do
            local id = ids.new()
            assert.is_nil(seen[id])
            assert.is_true(ids.is_id(id))
            seen[id] = true
        end
        assert.is_true(math.abs(ids.time_of(ids.new()) - ngx.now()) < 0.002)
    end)

    it("sort by age", function()
        assert.is_true(edge.old_id(1) < ids.new())
        assert.is_true(edge.old_id(86400) < edge.old_id(86399))
    end)

    it("are told from all other texts", function()
        local id = ids.new()
        local texts = {
            "", ".", "..", "lock", id:sub(2), id .. "0", id:upper(), "../" .. id, "..%2f" .. id:sub(6), id:gsub("-", "/"),
            id:sub(1, 44) .. "\n", id:sub(1, 44) .. "\0", id:sub(1, 44) .. "/", id:sub(1, 44) .. ".", id:sub(1, 44) .. "G",
            id:sub(1, 11) .. "-" .. id:sub(12, 12) .. id:sub(14) .. "0", ("-"):rep(45), ("0"):rep(45), ("../"):rep(15),
        }
        for _, text in ipairs(texts) do assert.is_false(ids.is_id(text), text) end
    end)
end)

describe("edge: records", function()
    local path = ngx.config.prefix() .. "edge_record"

    local function read(text)
        edge.put(path, text)
        local file = assert(files.open(path, "read"))
        local found, err, torn = records.read(file)
        files.close(file)
        return found, err, torn
    end

    it("come back as they were, byte by byte", function()
        local bytes = {}
        for byte = 0, 255 do bytes[#bytes + 1] = string.char(byte) end
        local text = table.concat(bytes)
        local line = assert(records.line({ uri = text, body_bytes = #text }))
        assert.is_nil(line:sub(1, -2):find("\n", 1, true))
        local found = assert(read(line .. text))
        assert.equal(text, found.head.uri)
        assert.same({ #line, 256, #line + 256 }, { found.body_at, found.body_bytes, found.bytes })
    end)

    it("are torn wherever they are cut, and when there is more", function()
        local whole = assert(records.line({ id = "x", headers = { a = "b" }, body_bytes = 5 })) .. "a\nb\nc"
        assert.is_table(read(whole))
        for length = 0, #whole - 1 do
            local found, err, torn = read(whole:sub(1, length))
            assert.is_nil(found)
            assert.is_string(err)
            assert.is_true(torn, length)
        end
        assert.is_true(select(3, read(whole .. "x")))
    end)

    it("are torn when their first line is anything else", function()
        for _, text in ipairs({
            "\n", "null\n", "5\n", '"x"\n', "[]\n", "{}\n", '{"body_bytes":"0"}\n', '{"body_bytes":null}\n', '{"body_bytes":-1}\n',
            '{"body_bytes":0}x\n', ("\0"):rep(100), ("["):rep(60000) .. "\n", ("x"):rep(70000) .. "\n",
        }) do
            local found, _, torn = read(text)
            assert.is_nil(found)
            assert.is_true(torn)
        end
    end)

    it("have no longer heads than are read again", function()
        assert.is_nil((records.line({ uri = ("x"):rep(65536), body_bytes = 0 })))
        assert.is_table(read(assert(records.line({ uri = ("x"):rep(65000), body_bytes = 0 }))))
    end)
end)

describe("edge: stores", function()
    it("make their folders for their owner alone", function()
        local store = new_store()
        assert(stores.prepare(store))
        local pipe = io.popen("stat -c '%a %n' " .. store.folder .. " " .. store.folder .. "/* | cut -d' ' -f1 | sort -u")
        assert.equal("700\n", pipe:read("*a"))
        pipe:close()
        local file_store = stores.new(store.folder, "default")
        assert.is_nil(stores.append(file_store, ids.new(), "x", 1))
        pipe = io.popen("stat -c %a " .. store.folder .. "/incoming/*")
        assert.equal("600\n", pipe:read("*a"))
        pipe:close()
    end)

    it("say what is wrong with a folder", function()
        local ok, err = stores.prepare(stores.new("/no/such/folder", "default"))
        assert.is_nil(ok)
        assert.equal("cannot make the folder: No such file or directory: /no/such/folder", err)
        local path = edge.folder()
        edge.put(path, "")
        ok, err = stores.prepare(stores.new(path, "default"))
        assert.is_nil(ok)
        assert.equal("cannot make the folder: Not a directory: " .. path .. "/incoming", err)
    end)

    it("name a file when it is whole", function()
        local store = new_store()
        local id, written = ids.new(), ids.new()
        assert.is_nil(stores.append(store, written, "abc", 3))
        assert.is_nil(stores.append(store, written, "def", 3))
        assert.is_false(stores.has(store, "done", id))
        assert(stores.finish(store, written, "done", id))
        assert.is_true(stores.has(store, "done", id))
        assert.equal(6, stores.size(store, "done", id))
        assert.same({}, files.names(store.folder .. "/incoming"))
        assert.is_nil(stores.remove(store, "done", id))
        assert.is_nil(stores.remove(store, "done", id))
        assert.is_nil(stores.size(store, "done", id))
        local ok, err = stores.finish(store, written, "done", id)
        assert.is_nil(ok)
        assert.equal("cannot open: No such file or directory", err)
    end)

    it("visit what has an id for a name, and let others have their turn", function()
        local store = new_store()
        local made = {}
        for index = 1, 200 do
            made[index] = ids.new()
            edge.put(stores.path(store, "pending", made[index]), "")
        end
        for _, name in ipairs({ "lock", ".hidden", made[1] .. "~", made[1]:upper() .. "x" }) do edge.put(store.folder .. "/pending/" .. name, "") end
        local turns, going = 0, true
        local watcher = ngx.thread.spawn(function()
            while going do
                turns = turns + 1
                time_slice.yield_now()
            end
        end)
        local found = {}
        assert(stores.each(store, "pending", function(state, id) state[#state + 1] = id end, found))
        going = false
        ngx.thread.wait(watcher)
        table.sort(found)
        table.sort(made)
        assert.same(made, found)
        assert.is_true(turns > 3)
        local ok, err = stores.each(stores.new(store.folder .. "/none", "default"), "done", error, {})
        assert.is_nil(ok)
        assert.equal("cannot open the folder: No such file or directory", err)
    end)

    it("sweep away what was never finished", function()
        local store = new_store()
        local old, fresh = edge.old_id(700), edge.old_id(500)
        edge.put(stores.path(store, "incoming", old), "x")
        edge.put(stores.path(store, "incoming", fresh), "x")
        assert(stores.sweep_incoming(store))
        assert.same({ fresh }, files.names(store.folder .. "/incoming"))
    end)

    it("wait for the disk in a thread, while the worker goes on", function()
        local store = new_store()
        -- Its own copy of the module is what the thread calls.
        edge.replace(files, "sync_path", error)
        local turns, going = 0, true
        local watcher = ngx.thread.spawn(function()
            while going do
                turns = turns + 1
                time_slice.yield_now()
            end
        end)
        local ok = assert(file_sync.sync("spec_files", store.folder))
        local missing, err = file_sync.sync("spec_files", store.folder .. "/none")
        going = false
        ngx.thread.wait(watcher)
        edge.restore()
        assert.is_true(ok)
        assert.is_nil(missing)
        assert.equal("cannot open: No such file or directory", err)
        assert.is_true(turns > 0)
    end)

    it("do without a thread where there is none", function()
        local store = new_store()
        local asked = {}
        edge.replace(ngx, "run_worker_thread", function(...)
            asked[#asked + 1] = { ... }
            return true, nil
        end)
        assert(file_sync.sync("a pool", store.folder))
        assert.same({ "a pool", "resty.openclaw.core.files.files", "sync_path", store.folder }, asked[1])
        edge.replace(ngx, "run_worker_thread", function() return true, "cannot sync: Input/output error" end)
        local ok, err = file_sync.sync("a pool", store.folder)
        assert.is_nil(ok)
        assert.equal("cannot sync: Input/output error", err)
        for _, without in ipairs({ function() return false, "thread pool not found" end, false }) do
            edge.replace(ngx, "run_worker_thread", without or nil)
            assert(file_sync.sync("a pool", store.folder))
            ok, err = file_sync.sync("a pool", store.folder .. "/none")
            assert.is_nil(ok)
            assert.equal("cannot open: No such file or directory", err)
        end
        edge.restore()
    end)
end)

describe("edge: what a store holds", function()
    local names = metric_registry.open("openclaw").region.names

    local function reserve(usage, bytes, group) return usages.reserve(usage, ids.new(group), bytes) end

    it("has its limits", function()
        local usage = usages.new(names, "usage_spec_limits", { max_jobs = 3, max_bytes = 100, client_share = 1 })
        local id = ids.new()
        assert.is_nil(usages.reserve(usage, id, 40))
        assert.is_nil(reserve(usage, 40))
        assert.equal("store_full", reserve(usage, 21))
        assert.is_nil(reserve(usage, 20))
        assert.equal("store_full", reserve(usage, 0))
        assert.same({ 3, 100 }, { usages.jobs(usage), usages.bytes(usage) })
        usages.release(usage, id, 40)
        assert.is_nil(reserve(usage, 40))
    end)

    it("has a share for each group of clients", function()
        local usage = usages.new(names, "usage_spec_shares", { max_jobs = 10, max_bytes = 1000, client_share = 0.3 })
        local id = ids.new("0a")
        assert.is_nil(usages.reserve(usage, id, 100))
        assert.is_nil(reserve(usage, 100, "0a"))
        assert.equal("client_full", reserve(usage, 101, "0a"))
        assert.is_nil(reserve(usage, 100, "0a"))
        assert.equal("client_full", reserve(usage, 0, "0a"))
        -- Others have theirs, and one job may be larger than a share.
        assert.is_nil(reserve(usage, 500, "0b"))
        assert.equal("client_full", reserve(usage, 1, "0b"))
        assert.equal("store_full", reserve(usage, 201, "0c"))
        usages.release(usage, id, 100)
        assert.is_nil(reserve(usage, 100, "0a"))
        assert.same({ 4, 800 }, { usages.jobs(usage), usages.bytes(usage) })
    end)

    it("is put right", function()
        local usage = usages.new(names, "usage_spec_right", { max_jobs = 3, max_bytes = 100, client_share = 1 })
        assert.is_nil(reserve(usage, 40))
        usages.correct(usage, 1, 10)
        assert.same({ 2, 50 }, { usages.jobs(usage), usages.bytes(usage) })
        usages.correct(usage, -5, -100)
        assert.same({ 0, 0 }, { usages.jobs(usage), usages.bytes(usage) })
    end)

    it("is put right for each group", function()
        local usage = usages.new(names, "usage_spec_groups", { max_jobs = 10, max_bytes = 1000, client_share = 0.2 })
        assert.is_nil(reserve(usage, 100, "ff"))
        assert.is_nil(reserve(usage, 100, "ff"))
        local shares = {}
        for _ = 1, 2 do usages.tally(shares, ids.new("00"), 50) end
        usages.correct_shares(usage, shares)
        assert.equal("client_full", reserve(usage, 1, "00"))
        assert.is_nil(reserve(usage, 100, "ff"))
    end)

    it("takes nothing where nothing can be counted", function()
        local broken = setmetatable({}, { __index = names })
        function broken.incr() return nil, "not found" end
        function broken.safe_add() return nil, "no memory" end
        function broken.get() return nil end
        local usage = usages.new(broken, "usage_spec_broken", { max_jobs = 3, max_bytes = 100, client_share = 1 })
        assert.equal("store_full", reserve(usage, 1))
        assert.equal(0, usages.jobs(usage))
    end)
end)
