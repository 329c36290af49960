"""Speed, as ratios to a real reader's in the same run: make bench.

The yardstick is one pure decoding of the same undamaged symbol by zxing-cpp, its content filling it,
as a picture of 4 px a module (the usual small picture) and, in brackets, of 1 px a module, the least
that can be decoded.  Best of several; machines are noisy, so look at ratios only.
"""

import sys
import time
import tracemalloc

import numpy as np
from witness import picture, read_pure

import qrlab as qr
from qrlab.symbols import VERSIONS, _make, capacity

TRIALS = 200


def best_us(call, repeats: int) -> float:
    def once() -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    once()
    return 1e6 * min(once() for _ in range(repeats))


def ratios(version: int, level: qr.Level) -> tuple[float, float, float, float]:
    """One order and a batch over one reading: single and batch at 4 px, then at 1 px a module."""
    rng = np.random.default_rng([version, ord(level)])
    content = rng.integers(97, 123, capacity(version, level), dtype=np.uint8).tobytes()
    symbol = qr.make(content, level, version=version, mask=0)
    orders = rng.random((TRIALS, symbol.size, symbol.size))
    images = [picture(symbol.modules, px) for px in (4, 1)]
    assert read_pure(images[1]) == content
    single = best_us(lambda: qr.break_point(symbol, orders[0]), 40)
    batch = best_us(lambda: qr.break_point(symbol, orders), 5) / TRIALS
    reading = [best_us(lambda: read_pure(image), 40) for image in images]  # noqa: B023
    return single / reading[0], batch / reading[0], single / reading[1], batch / reading[1]


def breaking_points() -> bool:
    print("breaking point / one pure decoding by zxing-cpp, the worst of the four levels")
    print(f"{'version':>8} {'one order':>18} {f'batch of {TRIALS}':>18}")
    met = True
    for version in VERSIONS:
        single, batch, single_1px, batch_1px = np.max([ratios(version, x) for x in qr.Level], axis=0)
        print(f"{version:8} {single:10.2f} ({single_1px:.2f}) {batch:11.3f} ({batch_1px:.3f})", flush=True)
        met &= single <= 0.5 and (version > 10 or batch <= 0.1)
    return met


def memory() -> bool:
    """Peak of a batch, beyond the orders and the answers, at 300 and at 3,000 trials."""
    symbol, peaks = qr.make("x", "Q", version=10, mask=0), []
    for trials in (300, 3000):
        orders = np.random.default_rng(0).random((trials, symbol.size, symbol.size))
        qr.break_point(symbol, orders[:2])
        tracemalloc.start()
        answers = qr.break_point(symbol, orders)
        peaks.append((tracemalloc.get_traced_memory()[1] - answers.nbytes) / 1e6)
        tracemalloc.stop()
    print(f"\nworking memory of a batch: {peaks[0]:.2f} MB at 300 trials, {peaks[1]:.2f} MB at 3,000")
    return peaks[1] < 1.2 * peaks[0]


def cache() -> bool:
    def generate() -> float:
        start = time.perf_counter()
        for version in VERSIONS:
            for level in qr.Level:
                qr.make("cache", level, version=version)
        return time.perf_counter() - start

    _make.cache_clear()
    first, second = generate(), generate()
    print(f"all 160 symbols: {first:.1f} s, again {second:.4f} s ({second / first:.5f} of it)")
    return second < 0.01 * first


def main() -> int:
    met = [breaking_points(), memory(), cache()]
    print(
        "\nfour goals: one order <= 0.5 at every version, a batch <= 0.1 at versions 1 to 10 (both at 4 px),"
    )
    print("flat memory, a cached second time: " + ("met" if all(met) else "NOT MET"))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
