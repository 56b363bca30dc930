--- What specs do with files besides what they test.
local assert = require("luassert")

local _M = {}

--- Runs a command, put together as by string.format; it must succeed.
function _M.shell(command, ...)
    assert.equal(0, os.execute(command:format(...)))
end

--- All that stands in a file.
function _M.content(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

local mounted = {}

--- A folder that is a disk of its own, of so many KiB, until `unmount`; nothing where this user may not mount any.
function _M.mount(kib)
    local folder = os.tmpname()
    os.remove(folder)
    _M.shell("mkdir %s", folder)
    local failed = os.execute(("mount -t tmpfs -o size=%dk,mode=755 tmpfs %s 2>/dev/null"):format(kib, folder)) ~= 0
    if failed then
        os.execute("rmdir " .. folder)
        return nil
    end
    table.insert(mounted, folder)
    return folder
end

--- Fills a disk up, but for so many KiB.
function _M.fill(folder, kib)
    os.execute(("head -c 1G /dev/zero > %s/filler 2>/dev/null"):format(folder))
    if kib then
        local file = assert(io.open(folder .. "/filler", "r"))
        local bytes = file:seek("end")
        file:close()
        _M.shell("truncate -s %d %s/filler", bytes - kib * 1024, folder)
    end
end

--- Makes room again.
function _M.unfill(folder)
    os.remove(folder .. "/filler")
end

--- Takes all these disks away, also those on which something is open still.
function _M.unmount()
    for _, folder in ipairs(mounted) do os.execute(("umount -l %s; rmdir %s"):format(folder, folder)) end
    mounted = {}
end

return _M
