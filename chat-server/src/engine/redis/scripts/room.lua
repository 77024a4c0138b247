-- Put before every script that reads or writes a room's stream.
--
-- `meta` is a hash: `stream` names the stream that there is, `epoch` the life of it that clients know, `offset` its
-- latest event. Both names begin as the same random text:
-- * When the stream is gone (FLUSHALL, eviction, a restart without its file), both are new: ids that are remembered
--   belong to another stream and count for nothing.
-- * When only its tail is gone (the server that asks saw a later offset in this epoch), the epoch alone is new: what
--   survived is still there, and so are the ids of it.
--
-- `stream` is a list of the latest events, the last of them with the offset in `meta`; a list, since what was said
-- must be replaced in its place when it is edited or deleted. An entry is
--   <time in ms> <offset of the last event that changed it> <offset of the `edited` that has its text>\n<frame>
-- with 0 for "none".

-- Offsets as text: Lua would write 1e15 otherwise.
local function text(number)
  return string.format('%.0f', number)
end

-- Answers the stream's name, its epoch, its latest offset and how many events it has. `fresh` is what a new stream or
-- epoch is called; `seen_epoch` and `seen_offset` are the latest that the asking server saw, or '' and '0'.
local function life(meta, stream, fresh, seen_epoch, seen_offset)
  local found = redis.call('HMGET', meta, 'stream', 'epoch', 'offset')
  local name, epoch, offset = found[1], found[2], tonumber(found[3])
  local length = redis.call('LLEN', stream)
  if not name or (offset > 0 and length == 0) then
    redis.call('DEL', stream)
    redis.call('HSET', meta, 'stream', fresh, 'epoch', fresh, 'offset', '0')
    return fresh, fresh, 0, 0
  end
  if epoch == seen_epoch and offset < tonumber(seen_offset) then
    redis.call('HSET', meta, 'epoch', fresh)
    epoch = fresh
  end
  return name, epoch, offset, length
end

-- What an entry says before its frame: time, offset of the last change, offset of the last edit.
local function header(entry)
  return string.match(entry, '^(-?%d+) (%d+) (%d+)\n')
end

-- Forgets all but the latest `kept` events, and of these the ones from before `cutoff` (in ms; '0' for none). The
-- latest stays: without it the stream would count as lost. Answers how many are left, and how many of them may be
-- read: none when the latest is too old as well.
local function trim(stream, length, kept, cutoff)
  kept, cutoff = tonumber(kept), tonumber(cutoff)
  if length > kept then
    redis.call('LTRIM', stream, length - kept, -1)
    length = kept
  end
  while cutoff > 0 and length > 0 do
    local old = 0
    local entries = redis.call('LRANGE', stream, 0, 63)
    for _, entry in ipairs(entries) do
      if tonumber((header(entry))) >= cutoff then
        break
      end
      old = old + 1
    end
    if old == length then
      redis.call('LTRIM', stream, -1, -1)
      return 1, 0
    elseif old > 0 then
      redis.call('LTRIM', stream, old, -1)
      length = length - old
    end
    if old < #entries then
      break
    end
  end
  return length, length
end
