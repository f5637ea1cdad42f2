// Barriers of a block and operations of a warp for emulate.h.
#pragma once

#include "emulate_schedule.h"

namespace emu {

// __syncthreads(): how many threads of the block brought a vote.
EMU_FN unsigned block_barrier(bool vote, Site at)
{
    if (!now.at_barrier) now.barrier = at;
    if (!same(now.barrier, at))
        fail(at, "__syncthreads() reached here and at line %d by threads of one block", now.barrier.line);
    if (now.unreturned < now.threads)
        fail(at, "__syncthreads() after %u threads of the block have returned", now.threads - now.unreturned);
    order_before(&now.block_memory[side]);
    now.votes += vote;
    if (++now.at_barrier < now.threads) wait();
    else {
        now.voted = now.votes;
        now.votes = now.at_barrier = 0;
        for (unsigned k = 0; k < now.warps; k++) {
            order_lanes_after(&now.block_memory[side], k, now.warp[k].members);
            make_ready(k, now.warp[k].members);
        }
        wait();  // the last to arrive is no sooner on its way than the others
    }
    return now.voted;
}

EMU_FN void check_mask(unsigned mask, Op op, Site at)
{
    Warp &w = my_warp();
    if (!(mask >> now.thread % 32 & 1)) fail(at, "%s: the calling lane is not in its own mask 0x%08x", OP_NAMES[op], mask);
    if (mask & ~w.members)
        fail(at, "%s: mask 0x%08x names lane %d, but the warp has 0x%08x only", OP_NAMES[op], mask,
             __builtin_ctz(mask & ~w.members), w.members);
    if (mask & w.returned)
        fail(at, "%s: mask 0x%08x names lane %d, which has returned", OP_NAMES[op], mask, __builtin_ctz(mask & w.returned));
}

// True once all lanes of the mask wait with the same mask; they must then wait at the same place.
EMU_FN bool complete(Warp &w, const Lane &me)
{
    if ((w.waiting & me.mask) != me.mask) return false;
    for (unsigned rest = me.mask; rest; rest &= rest - 1)
        if (w.lane[__builtin_ctz(rest)].mask != me.mask) return false;
    for (unsigned rest = me.mask; rest; rest &= rest - 1) {
        const Lane &other = w.lane[__builtin_ctz(rest)];
        if (other.op != me.op || !same(other.at, me.at))
            fail(me.at, "%s: lane %d of the mask is at %s, line %d", OP_NAMES[me.op], __builtin_ctz(rest), OP_NAMES[other.op],
                 other.at.line);
    }
    return true;
}

EMU_FN void exchange(Warp &w, const Lane &me)
{
    u64 ballot = 0;
    for (unsigned rest = me.mask; rest; rest &= rest - 1) {
        int l = __builtin_ctz(rest);
        Lane &lane = w.lane[l];
        if (me.op >= BALLOT) ballot |= lane.value << l;
        else if (!(me.mask >> lane.source & 1))
            fail(me.at, "%s: lane %d reads lane %u, which is not in the mask 0x%08x", OP_NAMES[me.op], l, lane.source, me.mask);
        else lane.result = w.lane[lane.source].value;
    }
    if (me.op >= BALLOT)
        for (unsigned rest = me.mask; rest; rest &= rest - 1) w.lane[__builtin_ctz(rest)].result = ballot;
}

// An operation that the lanes of `mask` do together: shuffles return another lane's value, votes a bit a lane.
EMU_FN u64 warp_op(Op op, unsigned mask, u64 value, unsigned source, Site at)
{
    check_mask(mask, op, at);
    Warp &w = my_warp();
    Lane &me = my_lane();
    unsigned index = now.thread / 32, bit = 1u << now.thread % 32;
    me.op = op, me.mask = mask, me.value = value, me.source = source, me.at = at;
    if (op == SYNC) order_before(&w.memory[side]);
    w.waiting |= bit;
    if (complete(w, me)) {
        exchange(w, me);
        w.waiting &= ~mask;
        if (op == SYNC) order_lanes_after(&w.memory[side], index, mask);
        make_ready(index, mask & ~bit);
        may_pause(2);
    } else {
        wait();
    }
    return me.result;
}

}  // namespace emu
