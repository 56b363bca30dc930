local ____exports = {}
local string_find = string.find
local digests = require("resty.openclaw.core.bytes.digest")
local digests_same = digests.same
local random = require("resty.openclaw.core.bytes.random")
local random_hex = random.hex
local files = require("resty.openclaw.core.files.files")
local files_close = files.close
local files_open = files.open
local files_rename = files.rename
local ____secret_file = require("resty.openclaw.core.files.secret_file")
local rights_of_others = ____secret_file.rights_of_others
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local delivery_header_NAME = delivery_header.NAME
local delivery_header_given = delivery_header.given
local delivery_header_is_there = delivery_header.is_there
local delivery_header_strip = delivery_header.strip
local json_error = require("resty.openclaw.core.request.json_error")
local json_error_respond = json_error.respond
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local stores = require("resty.openclaw.edge.store")
local stores_append = stores.append
local stores_path = stores.path
local stores_remove = stores.remove
local ids = require("resty.openclaw.edge.store.id")
local ids_new = ids.new
local records = require("resty.openclaw.edge.store.record")
local records_piece = records.piece
--- The header with the token.
local HEADER = delivery_header_NAME
____exports.HEADER = HEADER
--- The header by which the gateway tells a delivery where its response comes from: "answered", from the other end; "stale",
-- from the cache; "down", the other end was not reached; "unanswered", it was reached and sent no response. Without the
-- header the gateway itself has responded.
local LINK_HEADER = "X-OpenClaw-Link"
____exports.LINK_HEADER = LINK_HEADER
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
    local file = files_open(token.path, "read")
    if file == nil then
        return nil
    end
    local text = records_piece(file, 0, BYTES + 1)
    files_close(file)
    if text == nil or #text ~= BYTES then
        return nil
    end
    local legal = string_find(text, "^%x+$")
    if legal == nil or rights_of_others(token.path) ~= 0 then
        return nil
    end
    return text
end
--- Writes a new token. Returns why it failed, or nothing.
local function write(token)
    local ____token_0 = token
    local store = ____token_0.store
    local written = ids_new()
    local err = stores_append(
        store,
        written,
        random_hex(RANDOM_NUMBERS),
        BYTES
    )
    if err == nil then
        return files_rename(
            stores_path(store, "incoming", written),
            token.path
        )
    end
    stores_remove(store, "incoming", written)
    return err
end
--- The token; creates it if there is none. Only for the worker that holds the store's lock, so that no two create one. On
-- failure nil and why. Phases: timers.
local function read_or_create(token)
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
____exports.read_or_create = read_or_create
--- Whether the present request has the token of that store. Phases: all with a request.
local function matches(token)
    local given = delivery_header_given()
    if given == nil or #given ~= BYTES then
        return false
    end
    if token.value ~= nil then
        if digests_same(given, token.value) then
            return true
        end
        if token.read_at ~= nil and clock_now() - token.read_at < SECONDS_BETWEEN_READS then
            return false
        end
    end
    token.read_at = clock_now()
    token.value = read(token)
    return token.value ~= nil and digests_same(given, token.value)
end
____exports.matches = matches
--- Finds out whether the present request is a delivery from that store, and removes the token from it. Phases: access.
local function take_off(token)
    if not delivery_header_is_there() then
        return
    end
    request_state_open().is_delivery = matches(token)
    delivery_header_strip()
end
____exports.take_off = take_off
--- Whether the present request is a delivery from the route's store. Phases: all with a request.
local function is_delivery()
    local ____opt_1 = request_state_present()
    return (____opt_1 and ____opt_1.is_delivery) == true
end
____exports.is_delivery = is_delivery
--- Whether the present request came with a token, right or wrong. Such a request is never stored: with a wrong token it may be a
-- delivery of another gateway or of another route, which has the job itself. Phases: all with a request.
local function was_given()
    local ____opt_3 = request_state_present()
    return (____opt_3 and ____opt_3.is_delivery) ~= nil
end
____exports.was_given = was_given
--- Clears what is known of the present request, for a plugin that stands alone. Phases: log.
local function forget()
    local state = request_state_present()
    if state == nil then
        return
    end
    state.is_delivery = nil
    state.delivery_of = nil
end
____exports.forget = forget
--- Tells a delivery that it got no response. `was_reached`: whether the other end was reached. Phases: content; never returns.
local function decline(was_reached)
    ngx.header["X-Request-Id"] = request_variable("openclaw_request_id")
    ngx.header[LINK_HEADER] = was_reached and "unanswered" or "down"
    if was_reached then
        return json_error_respond(503, "link_down", "There was no response; the job waits.")
    end
    return json_error_respond(424, "link_down", "The link is down; the job waits.")
end
____exports.decline = decline
return ____exports
