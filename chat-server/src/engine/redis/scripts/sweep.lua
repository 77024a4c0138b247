-- Forgets all sessions of servers that are gone. Told of for users who have no other session in the room.
--
-- KEYS  members, channel
-- ARGV  the leases that ended
local ended = {}
for _, lease in ipairs(ARGV) do
  ended[lease] = true
end

local left = {}
local members = redis.call('HGETALL', KEYS[1])
for i = 1, #members, 2 do
  local user, member, changed = members[i], cjson.decode(members[i + 1]), false
  for session, lease in pairs(member.sessions) do
    if ended[lease] then
      -- Setting a field to nil is the one change that Lua allows while it walks a table.
      member.sessions[session] = nil
      changed = true
    end
  end
  if changed and next(member.sessions) then
    redis.call('HSET', KEYS[1], user, cjson.encode(member))
  elseif changed then
    redis.call('HDEL', KEYS[1], user)
    left[#left + 1] = user
  end
end
if #left > 0 then
  local event = { left = left, count = redis.call('HLEN', KEYS[1]) }
  redis.call('SPUBLISH', KEYS[2], 'presence\n' .. cjson.encode(event))
end
return #left
