"""What people look at: a page with pictures, and a submission to the ARC Prize."""
