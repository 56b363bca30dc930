local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local delivery_header = require("resty.openclaw.core.request.delivery_header")
local digests = require("resty.openclaw.core.bytes.digest")
local files = require("resty.openclaw.core.files.files")
local random = require("resty.openclaw.core.bytes.random")
local ____secret_file = require("resty.openclaw.core.files.secret_file")
local rights_of_others = ____secret_file.rights_of_others
local stores = require("resty.openclaw.edge.store")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
--- Carries the secret.
____exports.HEADER = delivery_header.NAME
local RANDOM_NUMBERS = 8
local BYTES = 64
--- Whoever sends wrong secrets has the file read no more often.
local SECONDS_BETWEEN_LOOKS = 1
--- The mark of a store's deliveries. Phases: any.
function ____exports.open(store)
    return {store = store, path = store.folder .. "/secret", secret = nil, read_at = 0}
end
--- What stands in the file; nothing where that is no secret, or where others may read it.
local function look(mark)
    local file = files.open(mark.path, "read")
    if file == nil then
        return nil
    end
    local text = records.piece(file, 0, BYTES + 1)
    files.close(file)
    if text == nil or #text ~= BYTES then
        return nil
    end
    local legal = string.find(text, "^%x+$")
    if legal == nil or rights_of_others(mark.path) ~= 0 then
        return nil
    end
    return text
end
--- Writes a new secret. Says why not, or nothing.
local function make(mark)
    local ____mark_0 = mark
    local store = ____mark_0.store
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
            mark.path
        )
    end
    stores.remove(store, "incoming", written)
    return err
end
--- The secret, for whoever holds the store's lock: made where there is none, as no other worker makes one. On failure nil
-- and why. Phases: timers.
function ____exports.secret_of(mark)
    local secret = look(mark)
    if secret ~= nil then
        return secret
    end
    local err = make(mark)
    if err ~= nil then
        return nil, err
    end
    secret = look(mark)
    if secret == nil then
        return nil, "cannot read " .. mark.path
    end
    return secret
end
--- Whether the request at hand is a delivery from that store. Phases: all with a request.
function ____exports.matches(mark)
    local given = delivery_header.given()
    if given == nil or #given ~= BYTES then
        return false
    end
    if mark.secret ~= nil and digests.same(given, mark.secret) then
        return true
    end
    local now = clock.now()
    if mark.secret ~= nil and now - mark.read_at < SECONDS_BETWEEN_LOOKS then
        return false
    end
    mark.read_at = now
    mark.secret = look(mark)
    return mark.secret ~= nil and digests.same(given, mark.secret)
end
return ____exports
