-- Notes a session of a user, unless the user has too many others. Answers {} if it is noted, else the leases of the
-- others, each once.
--
-- KEYS  register: a hash of user -> {session: {lease, ...}}; leases: a set of those in the register
-- ARGV  user, session, the lease of its server, the record with it, how many others are too many, leases that ended,
--       whose sessions do not count
local user, session, lease, record, too_many = unpack(ARGV)
local found = redis.call('HGET', KEYS[1], user)
local sessions = found and cjson.decode(found) or {}
local ended, seen, others, leases = {}, {}, 0, {}
for i = 6, #ARGV do
  ended[ARGV[i]] = true
end
for id, known in pairs(sessions) do
  if ended[known.lease] then
    -- Setting a field to nil is the one change that Lua allows while it walks a table.
    sessions[id] = nil
  elseif id ~= session then
    others = others + 1
    if not seen[known.lease] then
      seen[known.lease] = true
      leases[#leases + 1] = known.lease
    end
  end
end
if others >= tonumber(too_many) then
  return leases
end
sessions[session] = cjson.decode(record)
redis.call('HSET', KEYS[1], user, cjson.encode(sessions))
redis.call('SADD', KEYS[2], lease)
return {}
