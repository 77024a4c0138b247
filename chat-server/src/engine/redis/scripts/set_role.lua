-- Gives somebody a role in a room, or takes it away, and stores the event that tells of it. Answers 'none' if there
-- is no such room for who asks, 'denied', 'missing' if somebody without a role is to lose it, 'full', 'same', 'ok', or
-- 'ended' if nobody is left in a room by invitation, which is then no more. Nothing is done, and the answer is
-- 'heir <user>\n<name>', if the last owner leaves and another one is next than the caller says.
--
-- KEYS  as charter.lua
-- ARGV  fresh, seen epoch, seen offset, events kept, cutoff, lifetime, prefix of the event, its suffix for somebody
--       who is new, and for somebody who is not, time in ms, who asks, about whom, with what name, the role: owner,
--       member, removed or left, '1' for a room by invitation, how many may have a role, who is the next owner if the
--       last one leaves, as far as the caller knows, and prefix and suffix of the event that tells of it
local fresh, seen_epoch, seen_offset, kept, cutoff, lifetime, prefix, suffix_new, suffix_known, time, by, user, name,
  role, closed, most, heir, heir_prefix, heir_suffix = unpack(ARGV)
local roles, settings = KEYS[4], KEYS[5]
if not is_there(by, closed) then
  return 'none'
end

local before = role_of(roles, user)
local leaves = role == 'left' and by == user
if not leaves and role_of(roles, by) ~= 'owner' then
  return 'denied'
elseif role == before then
  return 'same'
elseif (role == 'left' or (role == 'removed' and closed == '1')) and not before then
  return 'missing'
end

-- Those who stay, the one who is there longest first.
local owners, longest, longest_since = 0, nil, math.huge
local all = redis.call('HGETALL', roles)
for i = 1, #all, 2 do
  local theirs, since = string.match(all[i + 1], '^(%a+) (%d+)')
  if all[i] ~= user and theirs ~= 'removed' then
    owners = owners + (theirs == 'owner' and 1 or 0)
    if tonumber(since) < longest_since then
      longest, longest_since = all[i], tonumber(since)
    end
  end
end
if owners == 0 and role ~= 'owner' and not leaves and before == 'owner' then
  return 'denied'
elseif not before and #all / 2 >= tonumber(most) then
  return 'full'
end
local inherited = leaves and before == 'owner' and owners == 0 and longest
if inherited and longest ~= heir then
  return 'heir ' .. longest .. '\n' .. string.match(redis.call('HGET', roles, longest), '\n(.*)$')
end

if role == 'left' or (role == 'removed' and closed == '1') then
  redis.call('HDEL', roles, user)
  if leaves and closed == '1' and redis.call('HGET', settings, 'title') == '' then
    -- A direct room, which is shown by the name of the other.
    redis.call('HSET', settings, 'title', name)
  end
else
  redis.call('HSET', roles, user, role .. ' ' .. time .. '\n' .. name)
end
if leaves and closed == '1' and not longest then
  finish()
  return 'ended'
elseif inherited then
  local entry = redis.call('HGET', roles, longest)
  redis.call('HSET', roles, longest, (string.gsub(entry, '^%a+', 'owner', 1)))
end
local _, epoch, latest, length = life(KEYS[1], KEYS[2], fresh, seen_epoch, seen_offset)
local new = not before or before == 'removed'
append(KEYS[1], KEYS[2], KEYS[3], epoch, latest, length, prefix, new and suffix_new or suffix_known, time, kept, cutoff,
  lifetime)
if inherited then
  append(KEYS[1], KEYS[2], KEYS[3], epoch, latest + 1, redis.call('LLEN', KEYS[2]), heir_prefix, heir_suffix, time, kept,
    cutoff, lifetime)
end
return 'ok'
