collect_ignore = ["checkout"]  # programs for a folder of their own, one of them named run_test.py
