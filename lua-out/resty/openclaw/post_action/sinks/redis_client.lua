local ____exports = {}
local files = require("resty.openclaw.files")
local http_target = require("resty.openclaw.http_client.target")
local read = require("resty.openclaw.options")
local secret_file = require("resty.openclaw.secret_file")
local endpoints = require("resty.openclaw.post_action.sinks.endpoint")
--- The options that `create` reads.
____exports.OPTIONS = {
    "host",
    "port",
    "path",
    "username",
    "password",
    "password_file",
    "database",
    "ssl",
    "ssl_verify",
    "ssl_server_name",
    "connect_seconds",
    "timeout_seconds",
    "keepalive_seconds"
}
--- OpenResty has the library under the first name, Debian's package under the second.
local LIBRARIES = {"resty.redis", "nginx.redis"}
local PORT = 6379
local MOST_PASSWORD_BYTES = 4096
local function find_library(owner)
    for ____, name in ipairs(LIBRARIES) do
        local found, library = pcall(require, name)
        if found then
            return library
        end
    end
    return error(owner .. ": redis_stream needs lua-resty-redis, which Debian has in the package lua-nginx-redis", 0)
end
--- The first line of a file. Nil and why, which never shows what stands there.
local function read_password(path)
    local text, err = files.beginning(path, MOST_PASSWORD_BYTES)
    if text == nil then
        return nil, "cannot read the password file: " .. err
    end
    local password = string.match(text, "^[^\r\n]+")
    if password == nil then
        return nil, "the password file is empty"
    end
    return password
end
local function password_of(owner, options)
    local password = options.password
    if password == nil then
        return nil
    end
    if type(password) ~= "string" or password == "" then
        error(owner .. ": \"password\" must be a text", 0)
    end
    if options.password_file ~= nil then
        error(owner .. ": either \"password\" or \"password_file\", not both", 0)
    end
    return password
end
--- The file that holds the password, or none. It is read here for its checks alone: it may change until it is needed.
local function password_file_of(owner, options)
    local path = options.password_file
    if path == nil then
        return nil
    end
    local found = secret_file.read(owner, "password_file", path, MOST_PASSWORD_BYTES)
    if found == "" then
        error(((owner .. ": \"password_file\" ") .. path) .. " is empty", 0)
    end
    return path
end
--- Where Redis is and how to sign in there. Phases: init. Raises when an option is wrong or the library is missing.
local function create(owner, options)
    local library = find_library(owner)
    local endpoint = endpoints.anywhere(owner, options, "127.0.0.1", PORT)
    local password = password_of(owner, options)
    local password_file = password_file_of(owner, options)
    local username
    if options.username ~= nil then
        username = read.text(owner, options, "username")
        if password == nil and password_file == nil then
            error(owner .. ": \"username\" needs \"password\" or \"password_file\"", 0)
        end
    end
    return {
        library = library,
        endpoint = endpoint,
        username = username,
        password = password,
        password_file = password_file,
        database = read.whole(
            owner,
            options,
            "database",
            0,
            0
        ),
        tls = read.flag(owner, options, "ssl", false) and endpoints.tls(owner, options, endpoint) or nil,
        connect_ms = read.positive(owner, options, "connect_seconds", 1) * 1000,
        timeout_ms = read.positive(owner, options, "timeout_seconds", 5) * 1000,
        keepalive_ms = read.positive(owner, options, "keepalive_seconds", 60) * 1000
    }
end
____exports.new = create
--- Connections are only shared by those who sign in alike. The name has no secret in it, only its digest.
local function pool_of(redis, password)
    local secret = ngx.md5(((redis.username or "") .. "\n") .. (password or ""))
    local tls = redis.tls == nil and "" or (tostring(redis.tls.ssl_verify) .. " ") .. (redis.tls.ssl_server_name or "")
    local ____redis_endpoint_0 = redis.endpoint
    local host = ____redis_endpoint_0.host
    local port = ____redis_endpoint_0.port
    return string.format(
        "openclaw redis %s %d %d %s %s",
        host,
        port,
        redis.database,
        tls,
        secret
    )
end
--- What has to be said on a new connection before anything else.
local function sign_in(redis, client, password)
    if redis.tls ~= nil then
        local ____redis_tls_1 = redis.tls
        local ssl_server_name = ____redis_tls_1.ssl_server_name
        local ssl_verify = ____redis_tls_1.ssl_verify
        local agreed, tls_err = client._sock:sslhandshake(false, ssl_server_name, ssl_verify)
        if agreed ~= true then
            return nil, "no TLS: " .. tostring(tls_err)
        end
    end
    if password ~= nil then
        local known, auth_err = unpack(
            redis.username == nil and ({client:auth(password)}) or ({client:auth(redis.username, password)}),
            1,
            2
        )
        if not known then
            return nil, "cannot sign in: " .. tostring(auth_err)
        end
    end
    if redis.database > 0 then
        local selected, select_err = client:select(redis.database)
        if not selected then
            return nil, "cannot select the database: " .. tostring(select_err)
        end
    end
    return true
end
--- A client on a connection that is ready for commands. On failure nil and why. Phases: timer.
function ____exports.open(redis)
    local password = redis.password
    if redis.password_file ~= nil then
        local found, file_err = read_password(redis.password_file)
        if found == nil then
            return nil, file_err
        end
        password = found
    end
    local client, err = redis.library.new(redis.library)
    if client == nil then
        return nil, err
    end
    local ____redis_endpoint_2 = redis.endpoint
    local host = ____redis_endpoint_2.host
    local port = ____redis_endpoint_2.port
    local pool = pool_of(redis, password)
    client._sock:settimeouts(redis.connect_ms, redis.timeout_ms, redis.timeout_ms)
    local connected, connect_err = unpack(
        http_target.is_unix_socket(host) and ({client:connect(host, {pool = pool})}) or ({client:connect(host, port, {pool = pool})}),
        1,
        2
    )
    if connected == nil then
        return nil, "cannot connect: " .. connect_err
    end
    local times = client:get_reused_times()
    if times ~= nil and times > 0 then
        return client
    end
    local ready, ready_err = sign_in(redis, client, password)
    if ready == nil then
        client:close()
        return nil, ready_err
    end
    return client
end
--- Keeps a connection for the next batch; its replies must all be read. Phases: timer.
function ____exports.leave(redis, client)
    if ngx.worker.exiting() then
        client:close()
    else
        client:set_keepalive(redis.keepalive_ms, 1)
    end
end
return ____exports
