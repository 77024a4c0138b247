-- Put before every script that asks who may be in a room.
--
-- `roles` is a hash: user -> '<owner, member or removed> <since when, in ms>\n<name>'. A room by invitation is for who
-- has a role there; any other for who was not removed.

-- Answers a user's role, or nil.
local function role_of(roles, user)
  local found = redis.call('HGET', roles, user)
  return found and string.match(found, '^%a+') or nil
end

-- Whether a user may be in a room; `closed` is '1' for a room by invitation.
local function may(roles, user, closed)
  local role = role_of(roles, user)
  if closed == '1' then
    return role ~= nil
  end
  return role ~= 'removed'
end
