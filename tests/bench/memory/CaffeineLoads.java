// Caffeine under the loads of MemoryReads.cpp and MemoryWrites.cpp, in a virtual machine of its own.
// Prints "load/caffeine/threads:n" and nanoseconds per call, the median of several runs after
// warming up. Keys are strings made beforehand, whose hash Java keeps; values are arrays of 64 bytes.
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;

public class CaffeineLoads {
    static final int HOT = 32_768, MANY = 1_000_000, STEPS = 1 << 18, CALLS = 1_000_000;
    static final int WARMING = 2, ROUNDS = 9;
    static final String[] keys = new String[MANY];
    static final byte[] value = new byte[64];

    static int[] zipf(int count, long seed) {
        double[] upTo = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) upTo[i] = sum += 1.0 / Math.pow(i + 1, 0.99);
        int[] ranked = new int[count];
        for (int i = 0; i < count; i++) ranked[i] = i;
        Random order = new Random(42);
        for (int i = count - 1; i > 0; i--) {
            int other = order.nextInt(i + 1), kept = ranked[i];
            ranked[i] = ranked[other];
            ranked[other] = kept;
        }
        Random random = new Random(seed);
        int[] sequence = new int[STEPS];
        for (int i = 0; i < STEPS; i++) {
            int at = java.util.Arrays.binarySearch(upTo, random.nextDouble() * sum);
            sequence[i] = ranked[Math.min(count - 1, at < 0 ? -at - 1 : at)];
        }
        return sequence;
    }

    static int[] uniform(int count, long seed) {
        return new Random(seed).ints(STEPS, 0, count).toArray();
    }

    static Cache<String, byte[]> filled(int count) {
        Cache<String, byte[]> cache = Caffeine.newBuilder().maximumSize(count).build();
        for (int i = 0; i < count; i++) cache.put(keys[i], value.clone());
        cache.cleanUp();
        return cache;
    }

    // One write in so many calls; 0: none.
    static long run(Cache<String, byte[]> cache, int[] sequence, int everyWrite) {
        long sum = 0;
        for (int i = 0; i < CALLS; i++) {
            String key = keys[sequence[i & (STEPS - 1)]];
            if (everyWrite != 0 && i % everyWrite == 0) {
                cache.put(key, value.clone());
            } else {
                byte[] found = cache.getIfPresent(key);
                if (found != null) sum += found[0];
            }
        }
        return sum;
    }

    static void measure(String load, Cache<String, byte[]> cache, int[][] sequences, int everyWrite)
            throws Exception {
        for (int threads = 1; threads <= 2; threads++) {
            double[] measured = new double[ROUNDS];
            for (int round = -WARMING; round < ROUNDS; round++) {
                CyclicBarrier barrier = new CyclicBarrier(threads + 1);
                Thread[] workers = new Thread[threads];
                for (int t = 0; t < threads; t++) {
                    int[] sequence = sequences[t];
                    workers[t] = new Thread(() -> {
                        try {
                            barrier.await();
                            if (run(cache, sequence, everyWrite) == 42) System.err.print("");
                            barrier.await();
                        } catch (Exception problem) {
                            throw new RuntimeException(problem);
                        }
                    });
                    workers[t].start();
                }
                barrier.await();
                long began = System.nanoTime();
                barrier.await();
                double each = (System.nanoTime() - began) / (double) CALLS / threads;
                for (Thread worker : workers) worker.join();
                if (round >= 0) measured[round] = each;
            }
            java.util.Arrays.sort(measured);
            System.out.printf(Locale.ROOT, "%s/caffeine/threads:%d %.2f%n", load, threads,
                              measured[ROUNDS / 2]);
        }
    }

    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < MANY; i++)
            keys[i] = String.format("key:%016d", i * 2_654_435_761L & 0xffffffffL);
        int[][] hot = {zipf(HOT, 1), zipf(HOT, 2)};
        measure("hot", filled(HOT), hot, 0);
        measure("mixed", filled(HOT), hot, 4);
        measure("write", filled(HOT), hot, 1);
        measure("uniform", filled(MANY), new int[][] {uniform(MANY, 1), uniform(MANY, 2)}, 0);
    }
}
