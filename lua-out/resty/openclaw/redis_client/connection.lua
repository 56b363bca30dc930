local ____exports = {}
local error = error
local ipairs = ipairs
local pcall = pcall
local tostring = tostring
local string_format = string.format
local string_lower = string.lower
local problem = require("resty.openclaw.config.problems")
local problem_beginning = problem.beginning
local endpoints = require("resty.openclaw.http_client.endpoint")
local endpoints_of = endpoints.of
local endpoints_tls = endpoints.tls
local http_target = require("resty.openclaw.http_client.target")
local http_target_is_unix_socket = http_target.is_unix_socket
local http_target_with_remedy = http_target.with_remedy
local password_files = require("resty.openclaw.redis_client.password_file")
local password_files_new = password_files.new
local password_files_read = password_files.read
--- OpenResty has the library under the first name, Debian's package under the second.
local LIBRARIES = {"resty.redis", "nginx.redis"}
local function find_library(path, user)
    for ____, name in ipairs(LIBRARIES) do
        local found, library = pcall(require, name)
        if found then
            return library
        end
    end
    return error(
        ((problem_beginning(path) .. " ") .. user) .. " needs lua-resty-redis, which Debian has in the package lua-nginx-redis",
        0
    )
end
--- The servers of `hosts`, or the one of `host`, `port` or `path`.
local function servers_of(options, path)
    local servers = {}
    for ____, endpoint in ipairs(options.hosts or ({endpoints_of(options)})) do
        servers[#servers + 1] = {
            endpoint = endpoint,
            tls = options.ssl and endpoints_tls(options, endpoint, path) or nil
        }
    end
    return servers
end
--- The servers and how to authenticate. `user`: what needs them, for the error where the library is missing. `pool_size`: how many idle
-- connections each worker keeps to each server. `socket_seconds`: how long a connection may be silent, where questions have limits of their
-- own. Phases: init. Raises when options contradict each other, or the library or password file is missing.
local function create(options, path, user, pool_size, socket_seconds)
    local library = find_library(path, user)
    local servers = servers_of(options, path)
    local ____options_0 = options
    local username = ____options_0.username
    local password = ____options_0.password
    local password_file = ____options_0.password_file
    local ____library_2 = library
    local ____servers_3 = servers
    local ____username_4 = username
    local ____password_5 = password
    local ____temp_1
    if password_file == nil then
        ____temp_1 = nil
    else
        ____temp_1 = password_files_new(path, password_file)
    end
    return {
        library = ____library_2,
        servers = ____servers_3,
        current = 0,
        username = ____username_4,
        password = ____password_5,
        password_file = ____temp_1,
        database = options.database,
        connect_ms = options.connect_seconds * 1000,
        timeout_ms = (socket_seconds or options.timeout_seconds) * 1000,
        keepalive_ms = options.keepalive_seconds * 1000,
        pool_size = pool_size,
        pools = {},
        pools_password = nil
    }
end
____exports.new = create
--- Only connections with the same credentials are shared. The name has no secret in it, only its digest.
local function pool_name(redis, server, password)
    local secret = ngx.md5(((redis.username or "") .. "\n") .. (password or ""))
    local tls = server.tls == nil and "" or (tostring(server.tls.ssl_verify) .. " ") .. (server.tls.ssl_server_name or "")
    local ____server_endpoint_6 = server.endpoint
    local host = ____server_endpoint_6.host
    local port = ____server_endpoint_6.port
    local ____redis_7 = redis
    local database = ____redis_7.database
    local pool_size = ____redis_7.pool_size
    return (string_format(
        "openclaw redis %s %d %d %s %s %d",
        host,
        port,
        database,
        tls,
        secret,
        pool_size
    ))
end
local function pool_of(redis, index, password)
    if #redis.pools == 0 or redis.pools_password ~= password then
        redis.pools = {}
        for ____, server in ipairs(redis.servers) do
            local ____redis_pools_8 = redis.pools
            ____redis_pools_8[#____redis_pools_8 + 1] = pool_name(redis, server, password)
        end
        redis.pools_password = password
    end
    return redis.pools[index + 1]
end
--- Prepares a new connection: TLS, authentication, database.
local function sign_in(redis, server, client, password)
    if server.tls ~= nil then
        local ____server_tls_9 = server.tls
        local ssl_server_name = ____server_tls_9.ssl_server_name
        local ssl_verify = ____server_tls_9.ssl_verify
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
--- The index of the server that a redirection names; nothing where it is not configured. Phases: any.
local function index_of(redis, from, redirection)
    local host = redirection.host == "" and redis.servers[from + 1].endpoint.host or string_lower(redirection.host)
    for number, server in ipairs(redis.servers) do
        if server.endpoint.host == host and server.endpoint.port == redirection.port then
            return number - 1
        end
    end
    return nil
end
____exports.index_of = index_of
--- Tries the next server first from now on. Phases: any.
local function use_next_server(redis)
    redis.current = (redis.current + 1) % #redis.servers
end
____exports.use_next_server = use_next_server
--- Whether a client has an open connection that was kept, which the server may have closed meanwhile. Phases: those that may yield.
local function is_kept(client)
    local times = client:get_reused_times()
    return times ~= nil and times > 0
end
____exports.is_kept = is_kept
--- A connected and authenticated client. On failure nil and why. Phases: those that may yield.
local function open(redis, index)
    local password = redis.password
    if redis.password_file ~= nil then
        local found, file_err = password_files_read(redis.password_file)
        if found == nil then
            return nil, file_err
        end
        password = found
    end
    local client, err = redis.library.new(redis.library)
    if client == nil then
        return nil, err
    end
    local server = redis.servers[index + 1]
    local ____server_endpoint_10 = server.endpoint
    local host = ____server_endpoint_10.host
    local port = ____server_endpoint_10.port
    local pool = pool_of(redis, index, password)
    client._sock:settimeouts(redis.connect_ms, redis.timeout_ms, redis.timeout_ms)
    local connected, connect_err = unpack(
        http_target_is_unix_socket(host) and ({client:connect(host, {pool = pool})}) or ({client:connect(host, port, {pool = pool})}),
        1,
        2
    )
    if connected == nil then
        return nil, "cannot connect: " .. tostring(http_target_with_remedy(connect_err))
    end
    if is_kept(client) then
        return client
    end
    local ready, ready_err = sign_in(redis, server, client, password)
    if ready == nil then
        client:close()
        return nil, ready_err
    end
    return client
end
____exports.open = open
--- Keeps a connection for its next user; all of its replies must have been read. Phases: those that may yield.
local function leave(redis, client)
    if ngx.worker.exiting() then
        client:close()
    else
        client:set_keepalive(redis.keepalive_ms, redis.pool_size)
    end
end
____exports.leave = leave
return ____exports
