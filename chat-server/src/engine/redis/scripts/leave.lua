-- Forgets a session of a user. Told of if it was the user's last one in the room.
--
-- KEYS  members, channel
-- ARGV  user, session
local user, session = unpack(ARGV)
local found = redis.call('HGET', KEYS[1], user)
if not found then
  return 0
end
local member = cjson.decode(found)
member.sessions[session] = nil
if next(member.sessions) then
  redis.call('HSET', KEYS[1], user, cjson.encode(member))
  return 0
end
redis.call('HDEL', KEYS[1], user)
local event = { left = { user }, count = redis.call('HLEN', KEYS[1]) }
redis.call('SPUBLISH', KEYS[2], 'presence\n' .. cjson.encode(event))
return 1
