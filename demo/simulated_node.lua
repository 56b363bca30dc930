--- Stands in for an inference server: it "recognises" an image after a time that depends on the node's speed. So many
--- requests are worked on side by side, the others wait their turn, as on a real GPU.
local semaphore = require("ngx.semaphore")

local _M = {}

local MEAN_SECONDS = 0.3 -- of work at speed 1
local LABELS = { "crawfish", "carp", "pond weed", "feeder", "heron", "net", "bucket", "empty water" }
local MOST_LINES = 1000

local slots = {}
local lines = {}

local function slots_of(name, count)
    if not slots[name] then slots[name] = assert(semaphore.new(count)) end
    return slots[name]
end

--- The body's bytes, wherever nginx keeps them.
local function read_image()
    ngx.req.read_body()
    local body = ngx.req.get_body_data()
    if body then return body end
    local path = ngx.req.get_body_file()
    local file = path and io.open(path, "rb")
    if not file then return "" end
    body = file:read("*a")
    file:close()
    return body
end

--- Content handler: answers with a label that depends on the image alone, so that caching can be seen to be right.
function _M.answer(name, speed, side_by_side)
    local image = read_image()
    local free = slots_of(name, side_by_side)
    if not free:wait(30) then return ngx.exit(503) end
    ngx.sleep(-math.log(1 - math.random()) * MEAN_SECONDS / speed)
    free:post()
    local digest = ngx.md5(image)
    local label = LABELS[tonumber(digest:sub(1, 4), 16) % #LABELS + 1]
    ngx.header["Content-Type"] = "application/json"
    ngx.say(string.format('{"node":"%s","label":"%s","image_bytes":%d,"image_md5":"%s"}', name, label, #image, digest))
end

--- Content handler of the log receiver.
function _M.receive_log()
    if ngx.req.get_method() == "GET" then
        ngx.header["Content-Type"] = "application/x-ndjson"
        return ngx.print(table.concat(lines))
    end
    for line in read_image():gmatch("[^\n]+\n") do
        lines[#lines + 1] = line
        if #lines > MOST_LINES then table.remove(lines, 1) end
    end
    ngx.say("ok")
end

return _M
