"""opencv_video.py CLIP CFG WEIGHTS SIZE FRAMES: a video through OpenCV's DNN on two threads; prints one JSON line.

A frame's delay is from the start of its decoding to the end of NMS. Needs opencv-python-headless < 5. Pictures are
stretched, which costs what a letterbox costs."""
import json, resource, statistics, sys, time
import cv2, numpy as np
clip, cfg, weights, size, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
cv2.setNumThreads(2)
net = cv2.dnn.readNetFromDarknet(cfg, weights)
net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV); net.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)
outs = net.getUnconnectedOutLayersNames()
video = cv2.VideoCapture(clip)
def boxes(frame):
    h, w = frame.shape[:2]
    net.setInput(cv2.dnn.blobFromImage(frame, 1 / 255, (size, size), swapRB=True))
    rows = np.concatenate(net.forward(outs)); scores = rows[:, 5:]
    label = scores.argmax(1); score = scores[np.arange(len(rows)), label]; keep = score > .25
    xywh = rows[keep, :4] * [w, h, w, h]; xywh[:, :2] -= xywh[:, 2:] / 2
    kept = cv2.dnn.NMSBoxesBatched(xywh.tolist(), score[keep].tolist(), label[keep].tolist(), .25, .45)
    return len(kept)
net.setInput(cv2.dnn.blobFromImage(np.zeros((432, 768, 3), "u1"), 1 / 255, (size, size))); net.forward(outs)
u0 = resource.getrusage(resource.RUSAGE_SELF); start = time.perf_counter(); delays, decode, found = [], [], 0
for _ in range(count):
    t = time.perf_counter(); ok, frame = video.read(); assert ok
    decode.append(time.perf_counter() - t); found += boxes(frame); delays.append(time.perf_counter() - t)
wall = time.perf_counter() - start; u1 = resource.getrusage(resource.RUSAGE_SELF)
cpu = u1.ru_utime + u1.ru_stime - u0.ru_utime - u0.ru_stime
print(json.dumps(dict(peer="opencv " + cv2.__version__, fps=round(count / wall, 2), delay_ms=round(statistics.median(delays) * 1e3, 1),
    decode_ms=round(statistics.median(decode) * 1e3, 2), cpu_ms=round(cpu / count * 1e3, 1), peak_mb=round(u1.ru_maxrss / 1024, 1), boxes=found)))
