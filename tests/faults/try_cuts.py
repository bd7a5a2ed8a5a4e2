import sys, os, tempfile, time
from pathlib import Path
sys.path[:0]=[str(Path(__file__).parent), str(Path(__file__).parents[1]/"functional")]
from judging import Prepared, Tally
from scenarios import SCENARIOS
from cutting import cuts, cut_off
KEYS=tempfile.mkdtemp()
def go():
    only=sys.argv[1:]
    seen=set()
    for s in SCENARIOS:
        if only and s.name not in only: continue
        with tempfile.TemporaryDirectory() as n:
            os.environ["SMARTSTART_KEYS"]=KEYS
            f=Path(n)/"s"; f.mkdir()
            t0=time.time()
            try: p=Prepared(s,f)
            except Exception as e: print(s.name,"PREPARE",repr(e)[:500]); continue
            t1=time.time()
            seen|=set(p.points)
            tally=Tally()
            cs=cuts(p)
            for c in cs: cut_off(p,c,tally)
            print(s.name, f"prep {t1-t0:.1f}s", len(cs), "cuts", sum(tally.fired.values()),"fired", f"{(time.time()-t1)/max(1,len(cs)):.2f}s each")
            for w in tally.wrong: print("   ",w)
            sys.stdout.flush()
    from smartstart.crash_points import CRASH_POINTS
    print("unreached", set(CRASH_POINTS)-seen)
if __name__=="__main__": go()
