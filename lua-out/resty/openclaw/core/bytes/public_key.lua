local ____exports = {}
local pcall = pcall
local tostring = tostring
local math_ceil = math.ceil
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_gc = ffi.gc
local ffi_new = ffi.new
local der = require("resty.openclaw.core.bytes.der")
local der_ecdsa_signature = der.ecdsa_signature
ffi_cdef("struct evp_pkey_st *d2i_PUBKEY(struct evp_pkey_st **key, const unsigned char **data, long bytes);")
ffi_cdef("void EVP_PKEY_free(struct evp_pkey_st *key);")
ffi_cdef("struct evp_pkey_ctx_st *EVP_PKEY_CTX_new(struct evp_pkey_st *key, struct engine_st *engine);")
ffi_cdef("void EVP_PKEY_CTX_free(struct evp_pkey_ctx_st *context);")
ffi_cdef("int EVP_PKEY_CTX_ctrl_str(struct evp_pkey_ctx_st *context, const char *name, const char *value);")
ffi_cdef("int EVP_PKEY_public_check(struct evp_pkey_ctx_st *context);")
ffi_cdef("const struct evp_md_st *EVP_get_digestbyname(const char *name);")
ffi_cdef("struct evp_md_ctx_st *EVP_MD_CTX_new(void);")
ffi_cdef("int EVP_MD_CTX_reset(struct evp_md_ctx_st *context);")
ffi_cdef("void EVP_MD_CTX_free(struct evp_md_ctx_st *context);")
ffi_cdef("\nint EVP_DigestVerifyInit(struct evp_md_ctx_st *context, struct evp_pkey_ctx_st **key_context,\n    const struct evp_md_st *type, struct engine_st *engine, struct evp_pkey_st *key);\n")
ffi_cdef("\nint EVP_DigestVerify(struct evp_md_ctx_st *context, const unsigned char *signature, size_t signature_bytes,\n    const unsigned char *text, size_t bytes);\n")
ffi_cdef("void ERR_clear_error(void);")
ffi_cdef("int EVP_PKEY_base_id(const struct evp_pkey_st *key);")
ffi_cdef("int EVP_PKEY_bits(const struct evp_pkey_st *key);")
ffi_cdef("int EVP_PKEY_get_base_id(const struct evp_pkey_st *key);")
ffi_cdef("int EVP_PKEY_get_bits(const struct evp_pkey_st *key);")
--- EVP_PKEY_RSA and so on, from OpenSSL's obj_mac.h.
local KINDS = {}
KINDS[6] = "rsa"
KINDS[408] = "ec"
KINDS[1087] = "ed25519"
KINDS[1088] = "ed448"
local ED25519_SIGNATURE_BYTES = 64
local ED448_SIGNATURE_BYTES = 114
local function has_new_names()
    return ffi.C.EVP_PKEY_get_base_id
end
local is_version_3 = pcall(has_new_names)
--- OpenSSL's relatives lack it. They refuse a point that is not on its curve when they read it, as OpenSSL does.
local function has_public_check()
    return ffi.C.EVP_PKEY_public_check
end
local can_check = pcall(has_public_check)
local data = ffi_new("const unsigned char *[1]")
local key_context = ffi_new("struct evp_pkey_ctx_st *[1]")
--- One for all: no verification yields.
local verification = ffi_gc(
    ffi.C.EVP_MD_CTX_new(),
    ffi.C.EVP_MD_CTX_free
)
local function base_id(handle)
    local ____is_version_3_0
    if is_version_3 then
        ____is_version_3_0 = ffi.C.EVP_PKEY_get_base_id(handle)
    else
        ____is_version_3_0 = ffi.C.EVP_PKEY_base_id(handle)
    end
    return ____is_version_3_0
end
local function bits_of(handle)
    local ____is_version_3_1
    if is_version_3 then
        ____is_version_3_1 = ffi.C.EVP_PKEY_get_bits(handle)
    else
        ____is_version_3_1 = ffi.C.EVP_PKEY_bits(handle)
    end
    return ____is_version_3_1
end
--- Whether a point is on its curve, and of the right order. Not for RSA, where OpenSSL 3 looks for small factors of the modulus: 4 ms for
-- 2048 bits, 24 ms for 4096.
local function is_sound(handle)
    if not can_check then
        return true
    end
    local context = ffi.C.EVP_PKEY_CTX_new(handle, nil)
    if context == nil then
        return false
    end
    local checked = ffi.C.EVP_PKEY_public_check(context)
    ffi.C.EVP_PKEY_CTX_free(context)
    return checked == 1
end
--- Leaves nothing in OpenSSL's queue of errors, which nginx would take for an error of the next TLS connection.
local function parsed(text)
    local start = ffi_cast("const uint8_t *", text)
    data[0] = start
    local found = ffi.C.d2i_PUBKEY(nil, data, #text)
    if found == nil then
        return nil, "OpenSSL does not accept it"
    end
    local handle = ffi_gc(found, ffi.C.EVP_PKEY_free)
    if data[0] - start ~= #text then
        return nil, "bytes follow it"
    end
    local kind = KINDS[base_id(handle)]
    if kind == nil then
        return nil, "its type is not known"
    end
    if kind == "ec" and not is_sound(handle) then
        return nil, "its point is not on the curve"
    end
    return {
        handle = handle,
        kind = kind,
        bits = bits_of(handle)
    }
end
--- The key in a DER SubjectPublicKeyInfo, which takes up to a millisecond. Nil and why when it is none, when it is of another kind, and
-- when its point is not on its curve. The size of a key is left to the caller. Phases: any.
local function from_der(text)
    local key, err = parsed(text)
    ffi.C.ERR_clear_error()
    if key == nil then
        return nil, err
    end
    return key
end
____exports.from_der = from_der
--- How signatures are made; `digest`: OpenSSL's name of it, nothing for EdDSA. The salt of PSS has the length of the digest (RFC 7518,
-- 3.5). Phases: any.
local function scheme(padding, digest, digest_bytes)
    local ____temp_2
    if digest == nil then
        ____temp_2 = nil
    else
        ____temp_2 = ffi.C.EVP_get_digestbyname(digest)
    end
    local method = ____temp_2
    return {
        padding = padding,
        method = method,
        salt_bytes = tostring(digest_bytes)
    }
end
____exports.scheme = scheme
--- The length that every signature of a key has; RSA's is that of the modulus (RFC 8017, 8.2.2), ECDSA's has two numbers.
local function signature_bytes(key)
    if key.kind == "ed25519" then
        return ED25519_SIGNATURE_BYTES
    end
    if key.kind == "ed448" then
        return ED448_SIGNATURE_BYTES
    end
    local bytes = math_ceil(key.bits / 8)
    return key.kind == "ec" and 2 * bytes or bytes
end
local function start(key, by)
    if by.method == nil ~= (key.kind == "ed25519" or key.kind == "ed448") then
        return false
    end
    if by.padding == nil ~= (key.kind ~= "rsa") then
        return false
    end
    if ffi.C.EVP_DigestVerifyInit(
        verification,
        key_context,
        by.method,
        nil,
        key.handle
    ) ~= 1 then
        return false
    end
    if by.padding ~= "pss" then
        return true
    end
    local context = key_context[0]
    if ffi.C.EVP_PKEY_CTX_ctrl_str(context, "rsa_padding_mode", "pss") <= 0 then
        return false
    end
    return ffi.C.EVP_PKEY_CTX_ctrl_str(context, "rsa_pss_saltlen", by.salt_bytes) > 0
end
--- Whether a signature is one of the text by this key, or of its first bytes; false as well when the scheme does not fit the key.
-- `signature`: of ECDSA both numbers in their full length (RFC 7518, 3.4). Phases: any.
local function verifies(key, by, signature, text, count)
    if count == nil then
        count = #text
    end
    if #signature ~= signature_bytes(key) then
        return false
    end
    local encoded = key.kind == "ec" and der_ecdsa_signature(signature) or signature
    local is_right = false
    if start(key, by) then
        is_right = ffi.C.EVP_DigestVerify(
            verification,
            encoded,
            #encoded,
            text,
            count
        ) == 1
    end
    ffi.C.EVP_MD_CTX_reset(verification)
    if not is_right then
        ffi.C.ERR_clear_error()
    end
    return is_right
end
____exports.verifies = verifies
return ____exports
