-- Forgets all sessions of servers that are gone.
--
-- KEYS  register, leases
-- ARGV  the leases that ended
if redis.call('SREM', KEYS[2], unpack(ARGV)) == 0 then
  -- Another server was faster.
  return 0
end
local ended = {}
for _, lease in ipairs(ARGV) do
  ended[lease] = true
end
local register = redis.call('HGETALL', KEYS[1])
for i = 1, #register, 2 do
  local user, sessions, changed = register[i], cjson.decode(register[i + 1]), false
  for session, record in pairs(sessions) do
    if ended[record.lease] then
      sessions[session] = nil
      changed = true
    end
  end
  if changed and next(sessions) then
    redis.call('HSET', KEYS[1], user, cjson.encode(sessions))
  elseif changed then
    redis.call('HDEL', KEYS[1], user)
  end
end
return 1
