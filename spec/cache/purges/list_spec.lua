local lists = require("resty.openclaw.cache.purges.list")

local function list_of(...)
    local list = lists.fresh()
    for at, filter in ipairs({ ... }) do list = lists.added(list, filter, at) end
    return list
end

local function shown(list)
    local lines = {}
    for _, entry in ipairs(list.entries) do lines[#lines + 1] = entry.generation .. " " .. entry.filter end
    return lines
end

describe("cache.purges.list", function()
    it("begins with an epoch that there never was", function()
        local one, two = lists.fresh(), lists.fresh()
        assert.not_equal(one.epoch, two.epoch)
        assert.equal(32, #one.epoch)
        assert.same({ 0, 0, {} }, { one.last, one.at, one.entries })
    end)

    it("has each filter once, with its last number, the newest first", function()
        local list = list_of("route=a", "route=b", "route=a", "model=c")
        assert.same({ "4 model=c", "3 route=a", "2 route=b" }, shown(list))
        assert.same({ 4, 4 }, { list.last, list.at })
    end)

    it("has nothing but the purge of everything after that", function()
        local list = list_of("route=a", "route=b")
        local all, is_all = lists.added(list, "all", 9)
        assert.is_true(is_all)
        assert.same({ "3 all" }, shown(all))
        local more, is_more_all = lists.added(all, "route=a", 10)
        assert.is_false(is_more_all)
        assert.same({ "4 route=a", "3 all" }, shown(more))
        assert.equal(list.epoch, more.epoch)
    end)

    it("purges everything when there are too many filters, or their lines are too long", function()
        local entries = {}
        for place = 1, lists.MOST_FILTERS - 1 do entries[place] = { generation = 20000 - place, filter = "route=" .. place } end
        local list = { epoch = lists.fresh().epoch, last = 20000, at = 0, entries = entries }
        local full, is_all = lists.added(list, "model=a", 1)
        assert.is_false(is_all)
        assert.equal(lists.MOST_FILTERS, #full.entries)
        assert.same(full, (lists.read(lists.written(full))))
        local again, is_again = lists.added(full, "model=a", 2)
        assert.same({ false, 20002 }, { is_again, again.last })
        local over, is_over = lists.added(full, "model=b", 3)
        assert.same({ true, { "20002 all" } }, { is_over, shown(over) })
        local long = { epoch = list.epoch, last = 2, at = 0, entries = { { generation = 2, filter = "tenant=" .. ("x"):rep(lists.MOST_BYTES / 2) } } }
        assert.is_false(select(2, lists.added(long, "model=" .. ("x"):rep(lists.MOST_BYTES / 2 - 60), 1)))
        assert.is_true(select(2, lists.added(long, "model=" .. ("x"):rep(lists.MOST_BYTES / 2), 1)))
    end)

    it("is read as it was written", function()
        for _, list in ipairs({ lists.fresh(), list_of("all"), list_of("all", "route=a", "model=b", "route=a") }) do
            local text = lists.written(list)
            assert.same(list, (lists.read(text)))
            assert.matches("^openclaw purges 1 ", text)
        end
    end)

    it("is damaged wherever a byte was lost or changed", function()
        local text = lists.written(list_of("all", "route=a", "model=b"))
        for at = #"openclaw purges " + 1, #text do
            assert.same({ nil, "damaged" }, { lists.read(text:sub(1, at - 1)) })
            local byte = text:sub(at, at) == "1" and "2" or "1"
            assert.same({ nil, "damaged" }, { lists.read(text:sub(1, at - 1) .. byte .. text:sub(at + 1)) }, at)
        end
        assert.same({ nil, "damaged" }, { lists.read(text .. "1 all\n") })
        assert.same({ nil, "damaged" }, { lists.read((text:gsub("^openclaw purges 1", "openclaw purges 2"))) })
    end)

    it("is missing in an empty file, and foreign to all others", function()
        assert.same({ nil, "missing" }, { lists.read("") })
        for _, text in ipairs({ "x", "openclaw", "root:x:0\n", "\n", " openclaw purges 1" }) do assert.same({ nil, "foreign" }, { lists.read(text) }) end
    end)

    it("says what is newer than a number", function()
        local list = list_of("route=a", "route=b", "route=a", "model=c")
        local text = lists.written(list)
        assert.same({ "4 model=c", "3 route=a" }, shown(lists.newer(text, list.epoch, 2)))
        assert.same({}, shown(lists.newer(text, list.epoch, 4)))
        assert.same(shown(list), shown(lists.newer(text, list.epoch, 0)))
        assert.equal(4, lists.newer(text, list.epoch, 2).last)
        -- It does not look at what is known.
        assert.equal(4, lists.newer(text:gsub("2 route=b\n", "2 no line"), list.epoch, 3).last)
        assert.is_nil(lists.newer(text, list.epoch, 5))
        assert.is_nil(lists.newer(text, lists.fresh().epoch, 0))
        assert.is_nil(lists.newer("", list.epoch, 0))
        assert.is_nil(lists.newer((text:gsub("3 route", "5 route")), list.epoch, 0))
    end)

    it("is older than what is known only of its epoch", function()
        local list = list_of("route=a", "route=b")
        assert.is_true(lists.is_older(list, list.epoch, 3))
        assert.is_false(lists.is_older(list, list.epoch, 2))
        assert.is_false(lists.is_older(list, lists.fresh().epoch, 3))
    end)

    local EARLY, LATE = ("0"):rep(39) .. "1", ("0"):rep(39) .. "2"

    it("is older than what is known of a later epoch, where gateways share it", function()
        local list = lists.of_lines(EARLY, 0, 0, "")
        assert.is_true(lists.is_older(list, LATE, 0))
        assert.is_false(lists.is_older(lists.of_lines(LATE, 0, 0, ""), EARLY, 9))
        -- Epochs of single gateways have no order.
        assert.is_false(lists.is_older(list, ("f"):rep(32), 9))
        assert.is_false(lists.is_older(lists.fresh(), LATE, 9))
    end)

    it("is that of its lines, if they are in order", function()
        local list = lists.of_lines(EARLY, 7, 5, "7 route=a\n3 all\n")
        assert.same({ "7 route=a", "3 all" }, shown(list))
        assert.same({ EARLY, 7, 5 }, { list.epoch, list.last, list.at })
        assert.same(list, (lists.read(lists.written(list))))
        for _, lines in ipairs({ "7 route=a\n7 all\n", "6 all\n", "7 route=a", "", "8 all\n7 route=a\n", "7 all\n\n" }) do
            assert.is_nil(lists.of_lines(EARLY, 7, 5, lines))
        end
        local too_many = {}
        for number = 10001, 1, -1 do too_many[#too_many + 1] = number .. " route=a\n" end
        assert.is_nil(lists.of_lines(EARLY, 10001, 5, table.concat(too_many)))
        assert.is_true(lists.is_legal(list))
        assert.is_false(lists.is_legal(lists.of_lines(EARLY, 7, 5, "7 nobody=knows\n")))
    end)

    it("has lost a purge that an earlier one has, if it has no later one of the same", function()
        local function lost(last, lines, before_last, before)
            return lists.has_lost_any_of(lists.of_lines(EARLY, last, 0, lines), lists.of_lines(EARLY, before_last, 0, before))
        end
        assert.is_false(lost(5, "5 route=b\n3 route=a\n", 3, "3 route=a\n"))
        assert.is_false(lost(5, "5 route=a\n", 3, "3 route=a\n"))
        assert.is_false(lost(5, "5 all\n", 3, "3 route=a\n"))
        assert.is_true(lost(5, "5 route=b\n", 3, "3 route=a\n"))
        assert.is_true(lost(5, "5 route=b\n2 route=a\n", 3, "3 route=a\n"))
        assert.is_true(lost(5, "5 route=b\n2 all\n", 3, "3 route=a\n"))
        -- It was read before the other one was.
        assert.is_false(lost(3, "3 route=a\n", 5, "5 route=b\n3 route=a\n"))
        assert.is_false(lists.has_lost_any_of(lists.of_lines(LATE, 5, 0, "5 all\n"), lists.of_lines(EARLY, 3, 0, "3 route=a\n")))
    end)
end)
