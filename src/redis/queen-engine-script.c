/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-engine-script.h"

#include <string.h>

G_STATIC_ASSERT (QUEEN_ENGINE_N_KEYS == 10); /* `begin` knows the type of each */

/* Entries of the stream that are there for however many are known: whoever fills Redis with more
 * than a queen takes has no more of them. */
#define MOST_FOR_KNOWN "262144"

/* Bytes of these entries, of which somebody may have made each 40 KB: as many as that, or as twice
 * what they usually take, if that is more. And what is kept of them when Redis is full. */
#define MOST_BYTES "67108864"
#define BYTES_FOR_ONE "2048"
#define MOST_BYTES_OF_ALL "536870912"
#define KEPT_WHEN_FULL "1048576"

#define MIB "1048576"
#define BYTES_BESIDES "64"       /* that an entry has besides its data, about */
#define MOST_MARKED "1073741824" /* more than there ever may be */

/* Of events and steps: what others have put beyond that cannot be counted on from; Lua's numbers
 * have 53 bits. */
#define MOST_NUMBER "4503599627370496"

/* ms: longer than any network keeps what was sent */
#define TURN_LIFE "3600000"

/* ARGV: version, queen, epoch, least length of the stream, turn, what to do, and what that needs.
 */
const char queen_engine_script[] =
    "local meta, events, due, holds = KEYS[1], KEYS[2], KEYS[3], KEYS[6]\n"
    "local hashes, turn = { worker = KEYS[4], hive = KEYS[5] }, KEYS[10]\n"
    "local version, queen, op = tonumber(ARGV[1]), ARGV[2], ARGV[6]\n"
    "\n"
    /* What others have put in the place of a queen's data would break one call or another, so all
     * of it is looked at before anything is done. */
    "if op == 'begin' then\n"
    "  local types = { 'hash', 'stream', 'zset', 'hash', 'hash', 'hash', 'zset', 'string',\n"
    "                  'hash', 'string' }\n"
    "  for i, key in ipairs(KEYS) do\n"
    "    local is = redis.call('TYPE', key).ok\n"
    "    if is ~= 'none' and is ~= types[i] then return { 'type', tostring(i), is, types[i] } end\n"
    "  end\n"
    "end\n"
    "\n"
    /* What she has sent by a connection that she has given up may arrive when she has joined anew:
     * what it says is older than what she knows by now, and her own word would stand in the stream
     * where she does not expect it. */
    "local latest = tonumber(redis.call('GET', turn) or 0) or 0\n"
    "if latest > tonumber(ARGV[5]) then return { 'epoch' } end\n"
    "\n"
    "local function get(name) return redis.call('HGET', meta, name) end\n"
    "local known = redis.call('HMGET', meta, 'script', 'epoch', 'n', 's', 'b', 'f')\n"
    "local stored = tonumber(known[1] or 0) or 0\n"
    "if stored > version then return { 'newer', tostring(stored) } end\n"
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "local function text(number) return string.format('%.0f', number) end\n"
    "\n"
    /* An event gets the next number; all else the next step behind the last event. Whoever reads
     * sees by `p`, the steps before an event, whether some are missing. */
    "local before = tonumber(known[4] or 0) or 0\n"
    /* `b` counts the bytes of all that was ever told, and `b:1`, `b:2` … are the last entries of
     * the calls with which the first MiB of them was full, the second …: so what is in the stream
     * now is known by its first entry. `f` is what had been told before that one when it was last
     * looked at. */
    "local total, first = tonumber(known[5] or 0) or 0, tonumber(known[6] or 0) or 0\n"
    "if not (total >= 0 and total <= " MOST_NUMBER ") then total = 0 end\n"
    "if not (first >= 0 and first <= total) then first = total end\n"
    "local full_at = total - total % " MIB " + " MIB "\n"
    "local function tell(place, kind, data, from)\n"
    "  if before > 0 then\n"
    "    redis.call('XADD', events, place, 'k', kind, 'd', data, 'o', from, 'p', text(before))\n"
    "  else\n"
    "    redis.call('XADD', events, place, 'k', kind, 'd', data, 'o', from)\n"
    "  end\n"
    "  before = 0\n"
    "end\n"
    "local function note_bytes(sum, place)\n"
    "  total = sum\n"
    "  if total < full_at then return end\n"
    "  redis.call('HSET', meta, 'b:' .. text(full_at / " MIB "), place)\n"
    "  full_at = total - total % " MIB " + " MIB "\n"
    "end\n"
    /* Returns: whether there was more than @most, and some of it is gone now */
    "local function shorten(most, part)\n"
    "  local entry = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]\n"
    "  local function is_gone(place)\n"
    "    local n, s = string.match(place or '', '^(%d+)-(%d+)$')\n"
    "    local first_n, first_s = string.match(entry[1], '^(%d+)-(%d+)$')\n"
    "    n, first_n = tonumber(n), tonumber(first_n)\n"
    "    return not n or n < first_n or (n == first_n and tonumber(s) < tonumber(first_s))\n"
    "  end\n"
    "  first = math.max(first - first % " MIB ", total - total % " MIB " - " MOST_MARKED ")\n"
    "  while known[5] and first + " MIB " < full_at do\n"
    "    local name = 'b:' .. text(first / " MIB " + 1)\n"
    "    if entry and not is_gone(get(name)) then break end\n"
    "    redis.call('HDEL', meta, name)\n"
    "    first = first + " MIB "\n"
    "  end\n"
    "  local is_more = entry and total - first > most\n"
    "  if is_more then\n"
    "    local n = math.floor(redis.call('XLEN', events) * part)\n"
    "    redis.call('XTRIM', events, 'MAXLEN', '~', text(n))\n"
    "  end\n"
    "  redis.call('HSET', meta, 'f', text(first))\n"
    "  return is_more\n"
    "end\n"
    /* All who are known may be told of in one go, as when each queen heals an engine that has lost
     * them, or all of them fall silent at once: whoever reads more slowly than another one writes
     * must not lose the others by that. What is too long for that number goes by and by: a little
     * of it each time, until it is short enough. To look after every sixteenth entry is enough. */
    "local function trim(at, added)\n"
    "  if at % 16 >= added then return end\n"
    "  local n = 2 * (redis.call('HLEN', hashes.worker) + redis.call('HLEN', hashes.hive))\n"
    "  n = math.max(tonumber(ARGV[4]), math.min(n, " MOST_FOR_KNOWN "))\n"
    "  redis.call('XTRIM', events, 'MAXLEN', '~', text(n))\n"
    "  local most = math.min(math.max(" MOST_BYTES ", n * " BYTES_FOR_ONE "), " MOST_BYTES_OF_ALL
    ")\n"
    "  if total - first > most then shorten(most, 15 / 16) end\n"
    "end\n"
    "local function add(is_event, kind, data, from)\n"
    "  local n, s\n"
    "  if is_event then\n"
    "    n, s = redis.call('HINCRBY', meta, 'n', 1), 0\n"
    "  else\n"
    "    n, s = tonumber(get('n') or 0), redis.call('HINCRBY', meta, 's', 1)\n"
    "    before = 0\n"
    "  end\n"
    "  local place = text(n) .. '-' .. text(s)\n"
    "  tell(place, kind, data, from)\n"
    "  note_bytes(total + #data + " BYTES_BESIDES ", place)\n"
    "  redis.call('HSET', meta, 's', text(s), 'b', text(total))\n"
    "  trim(is_event and n or s, 1)\n"
    "  return { 'done', text(n), text(s) }\n"
    "end\n"
    "local function keep(kind, id, data, span)\n"
    "  redis.call('HSET', hashes[kind], id, data)\n"
    "  redis.call('ZADD', due, text(now + span), kind .. ':' .. id)\n"
    "end\n"
    "local function drop(kind, id)\n"
    "  redis.call('ZREM', due, kind .. ':' .. id)\n"
    "  return redis.call('HDEL', hashes[kind], id) == 1\n"
    "end\n"
    "\n"
    /* Where `b` is not there, as an older script has written the stream, or `meta` was lost, its
     * bytes are asked for once, and taken to be spread evenly over its numbers.
     *
     * Returns: what is to be written of them */
    "local function measure()\n"
    "  local head = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]\n"
    "  if known[5] or not head then return { 'b', text(total) } end\n"
    "  local usage = tonumber(redis.pcall('MEMORY', 'USAGE', events)) or 0\n"
    "  total, first = math.min(usage, " MOST_MARKED "), 0\n"
    "  full_at = total - total % " MIB " + " MIB "\n"
    "  local last = redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)[1][1]\n"
    "  local from, to = string.match(head[1], '^%d+'), string.match(last, '^%d+')\n"
    "  local found, n = { 'b', text(total) }, math.floor(total / " MIB ")\n"
    "  for i = 1, n do\n"
    "    local place = text(math.floor(from + (to - from) * i / n)) .. '-0'\n"
    "    found[#found + 1], found[#found + 2] = 'b:' .. text(i), i < n and place or last\n"
    "  end\n"
    "  return found\n"
    "end\n"
    "\n"
    /* The first that is written of what makes Redis need more. One that is full refuses that, and
     * of all that is there the stream can do with less: some of it goes, and the rest of this call
     * is let in then, as it has changed something. Only where that is not what fills it, she is
     * refused. */
    "local function write_first(...)\n"
    "  local said = redis.pcall('HSET', meta, ...)\n"
    "  if type(said) ~= 'table' then return end\n"
    "  local full = string.match(said.err or '', 'OOM[^\\r\\n]*')\n"
    "  if full and not shorten(" KEPT_WHEN_FULL ", 3 / 4) then return redis.error_reply(full) end\n"
    "  redis.call('HSET', meta, ...)\n"
    "end\n"
    "\n"
    /* Numbers that a lost master has given out, or that were lost, are not given out again under
     * the same epoch; nor those that she has heard of before somebody played back older data. And
     * what is missing where a whole key is gone, as Redis had no room for it, has not been
     * forgotten by anybody: each key has a mark, which is gone with it. */
    "if op == 'begin' then\n"
    "  local full = write_first(unpack(measure()))\n"
    "  if full then return full end\n"
    "  local replid, proposed = ARGV[7], ARGV[8]\n"
    "  local heard_n, heard_s = string.match(ARGV[9] or '', '^(%d+)-(%d+)$')\n"
    "  local epoch, n, s = known[2], tonumber(get('n') or ''), tonumber(get('s') or '')\n"
    "  local is_new = not epoch or not n or not s or get('replid') ~= replid\n"
    "  local last_n, last_s = 0, 0\n"
    "  if redis.call('EXISTS', events) == 1 then\n"
    "    local info = redis.call('XINFO', 'STREAM', events)\n"
    "    for i = 1, #info, 2 do\n"
    "      if info[i] == 'last-generated-id' then\n"
    "        last_n, last_s = string.match(info[i + 1], '^(%d+)-(%d+)$')\n"
    "        last_n, last_s = tonumber(last_n), tonumber(last_s)\n"
    "      end\n"
    "    end\n"
    "  elseif (n or 0) > 0 or (s or 0) > 0 then\n"
    "    is_new = true\n"
    "  end\n"
    "  if math.max(n or 0, s or 0) > " MOST_NUMBER " then return { 'far', '1' } end\n"
    "  if math.max(last_n, last_s) > " MOST_NUMBER " then return { 'far', '2' } end\n"
    "  for _, key in ipairs({ hashes.worker, hashes.hive, holds }) do\n"
    "    if redis.call('HSETNX', key, '" QUEEN_ENGINE_MARK "', '1') == 1 then is_new = true end\n"
    "  end\n"
    "  n, s = n or 0, s or 0\n"
    "  if epoch == ARGV[3] and heard_n and (tonumber(heard_n) > n or\n"
    "     (tonumber(heard_n) == n and tonumber(heard_s) > s)) then is_new = true end\n"
    "  if last_n > n or (last_n == n and last_s > s) then n, s, is_new = last_n, last_s, true end\n"
    "  if is_new then epoch = proposed end\n"
    "  redis.call('HSET', meta, 'script', ARGV[1], 'epoch', epoch, 'replid', replid,\n"
    "             'n', text(n), 's', text(s), 'f', text(first))\n"
    "  redis.call('SET', turn, ARGV[5], 'PX', " TURN_LIFE ")\n"
    "  return { 'begun', epoch, text(n), text(s) }\n"
    "end\n"
    "if known[2] ~= ARGV[3] then return { 'epoch' } end\n"
    "local full = op ~= 'put' and string.find(' miss heal hold jobs announce pace ', op, 1, true)\n"
    "             and write_first('b', text(total))\n"
    "if full then return full end\n"
    "\n"
    /* Any number of heartbeats: what they have in common is done once. The stream comes behind the
     * states, as what is in it has happened. */
    "if op == 'put' then\n"
    "  local call, n, span, deadline = redis.call, tonumber(known[3] or 0), nil, nil\n"
    "  local dues, states, sum = {}, { worker = {}, hive = {} }, total\n"
    "  for i = 7, #ARGV, 4 do\n"
    "    local kind, id, at = ARGV[i], ARGV[i + 1], #dues\n"
    "    local list = states[kind]\n"
    "    local last = #list\n"
    "    list[last + 1], list[last + 2] = id, ARGV[i + 2]\n"
    "    if ARGV[i + 3] ~= span then\n"
    "      span = ARGV[i + 3]\n"
    "      deadline = text(now + span)\n"
    "    end\n"
    "    dues[at + 1], dues[at + 2] = deadline, kind .. ':' .. id\n"
    "    sum = sum + #ARGV[i + 2]\n"
    "  end\n"
    "  sum = sum + #dues / 2 * " BYTES_BESIDES "\n"
    "  full = write_first('n', text(n + #dues / 2), 's', 0, 'b', text(sum))\n"
    "  if full then return full end\n"
    "  for kind, list in pairs(states) do\n"
    "    if #list > 0 then call('HSET', hashes[kind], unpack(list)) end\n"
    "  end\n"
    "  call('ZADD', due, unpack(dues))\n"
    "  for i = 7, #ARGV, 4 do\n"
    "    n = n + 1\n"
    "    tell(text(n) .. '-0', ARGV[i], ARGV[i + 2], queen)\n"
    "  end\n"
    "  note_bytes(sum, text(n) .. '-0')\n"
    "  trim(n, #dues / 2)\n"
    "  return { 'done', text(n), '0' }\n"
    /* Who says that one is offline must know the last that was heard of it. */
    "elseif op == 'miss' then\n"
    "  local kind, id, stamp, data, span = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]\n"
    "  local is = redis.call('HGET', hashes[kind], id)\n"
    "  if is and string.sub(is, 1, #stamp) ~= stamp then return { 'not', is } end\n"
    "  local score = redis.call('ZSCORE', due, kind .. ':' .. id)\n"
    "  if ARGV[12] == '1' and score and tonumber(score) > now then return { 'early' } end\n"
    "  keep(kind, id, data, span)\n"
    "  return add(true, kind, data, '-')\n"
    /* The newer of two states is kept; of no state, any is. Those who were together all the time
     * are told of what is other than they know. */
    "elseif op == 'heal' then\n"
    "  local kind, id, data, span = ARGV[7], ARGV[8], ARGV[9], ARGV[10]\n"
    "  local is = redis.call('HGET', hashes[kind], id)\n"
    "  if is and string.sub(is, 1, 20) >= string.sub(data, 1, 20) then return { 'older' } end\n"
    "  local function status(text) return string.match(text, '\"status\":\"(%a+)\"') end\n"
    "  local is_news = ARGV[11] == '1' and (not is or status(is) ~= status(data))\n"
    "  keep(kind, id, data, span)\n"
    "  return add(is_news, is_news and kind or 'state-' .. kind, data, '-')\n"
    "elseif op == 'forget' then\n"
    "  local kind, id, moment, data = ARGV[7], ARGV[8], ARGV[9], ARGV[10]\n"
    "  local is = redis.call('HGET', hashes[kind], id)\n"
    "  if not is or string.sub(is, 1, 20) > moment then return { 'older' } end\n"
    "  drop(kind, id)\n"
    "  return add(false, 'forgotten', data, queen)\n"
    "elseif op == 'lapse' then\n"
    "  local kind, id, stamp = ARGV[7], ARGV[8], ARGV[9]\n"
    "  local is = redis.call('HGET', hashes[kind], id)\n"
    "  if is and string.sub(is, 1, #stamp) ~= stamp then return { 'not', is } end\n"
    "  drop(kind, id)\n"
    "  return { 'done' }\n"
    "elseif op == 'hold' then\n"
    "  if redis.call('HSETNX', holds, ARGV[7], ARGV[8]) == 0 then return { 'older' } end\n"
    "  return add(false, 'hold', ARGV[8], '-')\n"
    "elseif op == 'release' then\n"
    "  if redis.call('HDEL', holds, ARGV[7]) == 0 then return { 'older' } end\n"
    "  return add(false, 'release', ARGV[7], '-')\n"
    /* What a queen has of jobs is gone with her: when she is taken off the roll, the others take
     * her jobs for lost. If she is there after all she says it anew. Of one who never had any there
     * is nothing to tell. */
    "elseif op == 'jobs' then\n"
    "  local mine, how, lines, set, gone = KEYS[9], ARGV[7], {}, {}, {}\n"
    "  if how == 'begin' or how == 'whole' or how == 'none' then\n"
    "    redis.call('DEL', mine)\n"
    "    redis.call('ZADD', KEYS[7], text(now), queen)\n"
    "  elseif redis.call('EXISTS', mine) == 0 or not redis.call('ZSCORE', KEYS[7], queen) then\n"
    "    return { 'anew' }\n"
    "  end\n"
    "  if how ~= 'more' and how ~= 'news' then\n"
    "    redis.call('HSET', mine, 'told', how == 'begin' and 'some' or 'all')\n"
    "  end\n"
    "  for i = 9, #ARGV, 3 do\n"
    "    lines[#lines + 1] = ARGV[i + 1]\n"
    "    if ARGV[i + 2] == '1' then\n"
    "      set[#set + 1], set[#set + 2] = ARGV[i], ARGV[i + 1]\n"
    "    else\n"
    "      gone[#gone + 1] = ARGV[i]\n"
    "    end\n"
    "  end\n"
    "  if #set > 0 then redis.call('HSET', mine, unpack(set)) end\n"
    "  if #gone > 0 then redis.call('HDEL', mine, unpack(gone)) end\n"
    "  redis.call('PEXPIRE', mine, ARGV[8])\n"
    "  if how == 'none' then return { 'done' } end\n"
    "  return add(false, 'jobs-' .. how, table.concat(lines, '\\n'), queen)\n"
    /* What was told before, forwards or backwards: no more than is read in one turn of the loop,
     * whatever others have put there. An event says who it is and how it is, with which a dispatch
     * begins: all else that is in it, which may be a hundred times as much, would only be in the
     * way of what one who comes again is to be told. */
    "elseif op == 'past' then\n"
    "  local found, size = redis.call(ARGV[7], events, ARGV[8], ARGV[9], 'COUNT', 64), 0\n"
    "  local said, told = { 'past' }, '^%d+ [^\\n]*\\n{\"%a+\":{\"id\":\".-\",\"status\":\"%a+\"'\n"
    "  for i, entry in ipairs(found) do\n"
    "    for j, text in ipairs(entry[2]) do\n"
    "      local start = string.match(text, told)\n"
    "      entry[2][j] = start and start .. '}}' or text\n"
    "      size = size + #entry[2][j]\n"
    "    end\n"
    "    if size > 1048576 then break end\n"
    "    said[i + 1] = entry\n"
    "  end\n"
    "  return said\n"
    /* When Redis' clock has gone back, until when somebody holds goes back with it, or they would
     * not be missed until it is there again. Nor would a queen that has spoken before, and speaks
     * no more; all others say in a moment that they are there. */
    "elseif op == 'announce' then\n"
    "  local ahead = (tonumber(get('time') or 0) or 0) - now\n"
    "  if ahead > 1000 then\n"
    "    local all = redis.call('ZRANGE', due, 0, -1, 'WITHSCORES')\n"
    "    for i = 1, #all, 2 do\n"
    "      redis.call('ZADD', due, text(all[i + 1] - ahead), all[i])\n"
    "    end\n"
    "  end\n"
    "  redis.call('HSET', meta, 'time', text(now))\n"
    "  local is_kept = redis.call('PEXPIRE', KEYS[9], ARGV[8]) == 1 and\n"
    "                  redis.call('ZSCORE', KEYS[7], queen)\n"
    "  redis.call('SET', KEYS[8], ARGV[7], 'PX', ARGV[8])\n"
    "  redis.call('PEXPIRE', turn, " TURN_LIFE ")\n"
    "  redis.call('ZADD', KEYS[7], text(now), queen)\n"
    "  redis.call('ZREMRANGEBYSCORE', KEYS[7], '-inf', text(now - ARGV[8]))\n"
    "  redis.call('ZREMRANGEBYSCORE', KEYS[7], '(' .. text(now + ARGV[8]), '+inf')\n"
    "  local said = { 'announced', tostring(get('n') or 0), tostring(get('s') or 0),\n"
    "                 is_kept and '1' or '0' }\n"
    "  local roll = redis.call('ZRANGE', KEYS[7], 0, 63, 'WITHSCORES')\n"
    "  for i = 1, #roll, 2 do\n"
    "    said[#said + 1], said[#said + 2] = roll[i], text(now - roll[i + 1])\n"
    "  end\n"
    "  return said\n"
    /* How far one has read who reads more slowly than others write, and how far beyond that the
     * stream may go on for her: it is told when she is late, or wants it to be. */
    "elseif op == 'pace' then\n"
    "  local n, place, room = tonumber(known[3] or 0), ARGV[7], ARGV[8]\n"
    "  if ARGV[9] == '1' or n - place >= room / 2 then\n"
    "    return add(false, 'pace', place .. '-' .. room, queen)\n"
    "  end\n"
    "  return { 'done', text(n), known[4] or '0' }\n"
    "elseif op == 'leave' then\n"
    "  redis.call('ZREM', KEYS[7], queen)\n"
    "  local has_jobs = redis.call('HLEN', KEYS[9]) > 1\n"
    "  redis.call('DEL', KEYS[8], KEYS[9])\n"
    "  if not has_jobs then return { 'done' } end\n"
    "  return add(false, 'left', queen, queen)\n"
    "end\n"
    "return redis.error_reply('ERR no such operation')\n";

char *
queen_engine_dup_key (const char *cluster, const char *queen, QueenEngineKey key)
{
  static const char *const names[QUEEN_ENGINE_N_KEYS] = {
    [QUEEN_ENGINE_KEY_META] = "meta",     [QUEEN_ENGINE_KEY_EVENTS] = "events",
    [QUEEN_ENGINE_KEY_DUE] = "due",       [QUEEN_ENGINE_KEY_WORKER] = "worker",
    [QUEEN_ENGINE_KEY_HIVE] = "hive",     [QUEEN_ENGINE_KEY_HOLDS] = "holds",
    [QUEEN_ENGINE_KEY_QUEENS] = "queens", [QUEEN_ENGINE_KEY_QUEEN] = "queen:",
    [QUEEN_ENGINE_KEY_JOBS] = "jobs:",    [QUEEN_ENGINE_KEY_TURN] = "turn:",
  };

  return g_strdup_printf ("q:{%s}:%s%s", cluster, names[key],
                          key >= QUEEN_ENGINE_KEY_QUEEN ? queen : "");
}

gboolean
queen_engine_id_parse (const char *text, QueenEngineId *id)
{
  const char *dash = strchr (text, '-');
  g_autofree char *number = dash ? g_strndup (text, (gsize) (dash - text)) : NULL;

  return dash && g_ascii_isdigit (*number) && g_ascii_isdigit (dash[1]) &&
         g_ascii_string_to_unsigned (number, 10, 0, G_MAXINT64, &id->number, NULL) &&
         g_ascii_string_to_unsigned (dash + 1, 10, 0, G_MAXINT64, &id->step, NULL);
}

gboolean
queen_engine_id_is_behind (const QueenEngineId *id, const QueenEngineId *other)
{
  return id->number > other->number || (id->number == other->number && id->step > other->step);
}

char *
queen_engine_id_dup_text (const QueenEngineId *id)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, id->number, id->step);
}

char *
queen_engine_dup_replid (const char *info)
{
  const char *line = strstr (info, "\nmaster_replid:");
  const char *start = line ? line + strlen ("\nmaster_replid:") : NULL;
  gsize length = start ? strspn (start, "0123456789abcdef") : 0;

  return length > 0 && length <= 64 ? g_strndup (start, length) : NULL;
}

char *
queen_engine_make_epoch (gint64 wall, guint32 dice)
{
  return g_strdup_printf ("%" G_GINT64_MODIFIER "x%04x", wall / 1000000, dice & 0xffff);
}
