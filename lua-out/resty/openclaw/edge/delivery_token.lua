local ____exports = {}
local digests = require("resty.openclaw.core.bytes.digest")
local random = require("resty.openclaw.core.bytes.random")
local files = require("resty.openclaw.core.files.files")
local ____secret_file = require("resty.openclaw.core.files.secret_file")
local rights_of_others = ____secret_file.rights_of_others
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local json_error = require("resty.openclaw.core.request.json_error")
local request = require("resty.openclaw.core.request.request")
local request_state = require("resty.openclaw.core.request.request_state")
local clock = require("resty.openclaw.core.time.clock")
local stores = require("resty.openclaw.edge.store")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
--- The header with the token.
____exports.HEADER = delivery_header.NAME
--- The header by which the gateway tells a delivery where its response comes from: "answered", from the other end; "stale",
-- from the cache; "down", the other end was not reached; "unanswered", it was reached and sent no response. Without the
-- header the gateway itself has responded.
____exports.LINK_HEADER = "X-OpenClaw-Link"
local RANDOM_NUMBERS = 8
local BYTES = 64
--- Wrong tokens have the file read no more often.
local SECONDS_BETWEEN_READS = 1
--- The token of a store's deliveries. Phases: any.
local function create(store)
    return {store = store, path = store.folder .. "/secret", value = nil, read_at = nil}
end
____exports.new = create
--- The token in the file; nothing when there is none, or when others may read the file.
local function read(token)
    local file = files.open(token.path, "read")
    if file == nil then
        return nil
    end
    local text = records.piece(file, 0, BYTES + 1)
    files.close(file)
    if text == nil or #text ~= BYTES then
        return nil
    end
    local legal = string.find(text, "^%x+$")
    if legal == nil or rights_of_others(token.path) ~= 0 then
        return nil
    end
    return text
end
--- Writes a new token. Returns why it failed, or nothing.
local function write(token)
    local ____token_0 = token
    local store = ____token_0.store
    local written = ids.new()
    local err = stores.append(
        store,
        written,
        random.hex(RANDOM_NUMBERS),
        BYTES
    )
    if err == nil then
        return files.rename(
            stores.path(store, "incoming", written),
            token.path
        )
    end
    stores.remove(store, "incoming", written)
    return err
end
--- The token; creates it if there is none. Only for the worker that holds the store's lock, so that no two create one. On
-- failure nil and why. Phases: timers.
function ____exports.read_or_create(token)
    local found = read(token)
    if found ~= nil then
        return found
    end
    local err = write(token)
    if err ~= nil then
        return nil, err
    end
    local made = read(token)
    if made == nil then
        return nil, "cannot read " .. token.path
    end
    return made
end
--- Whether the present request has the token of that store. Phases: all with a request.
function ____exports.matches(token)
    local given = delivery_header.given()
    if given == nil or #given ~= BYTES then
        return false
    end
    if token.value ~= nil then
        if digests.same(given, token.value) then
            return true
        end
        if token.read_at ~= nil and clock.now() - token.read_at < SECONDS_BETWEEN_READS then
            return false
        end
    end
    token.read_at = clock.now()
    token.value = read(token)
    return token.value ~= nil and digests.same(given, token.value)
end
--- Finds out whether the present request is a delivery from that store, and removes the token from it. Phases: access.
function ____exports.take_off(token)
    if not delivery_header.is_there() then
        return
    end
    request_state.open().is_delivery = ____exports.matches(token)
    delivery_header.strip()
end
--- Whether the present request is a delivery from the route's store. Phases: all with a request.
function ____exports.is_delivery()
    local ____opt_1 = request_state.present()
    return (____opt_1 and ____opt_1.is_delivery) == true
end
--- Whether the present request came with a token, right or wrong. Such a request is never stored: with a wrong token it may be a
-- delivery of another gateway or of another route, which has the job itself. Phases: all with a request.
function ____exports.was_given()
    local ____opt_3 = request_state.present()
    return (____opt_3 and ____opt_3.is_delivery) ~= nil
end
--- Clears what is known of the present request, for a plugin that stands alone. Phases: log.
function ____exports.forget()
    local state = request_state.present()
    if state ~= nil then
        state.is_delivery = nil
    end
end
--- Tells a delivery that it got no response. `was_reached`: whether the other end was reached. Phases: content; never returns.
function ____exports.decline(was_reached)
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id")
    ngx.header[____exports.LINK_HEADER] = was_reached and "unanswered" or "down"
    if was_reached then
        return json_error.respond(503, "link_down", "There was no response; the job waits.")
    end
    return json_error.respond(424, "link_down", "The link is down; the job waits.")
end
return ____exports
