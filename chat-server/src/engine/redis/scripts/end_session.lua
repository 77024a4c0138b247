-- Forgets a session of a user.
--
-- KEYS  register
-- ARGV  user, session
local user, session = unpack(ARGV)
local found = redis.call('HGET', KEYS[1], user)
if not found then
  return 0
end
local sessions = cjson.decode(found)
sessions[session] = nil
if next(sessions) then
  redis.call('HSET', KEYS[1], user, cjson.encode(sessions))
else
  redis.call('HDEL', KEYS[1], user)
end
return 1
