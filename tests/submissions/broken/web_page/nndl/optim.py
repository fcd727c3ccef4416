<!DOCTYPE html>
<html><body>Sign in to GitHub</body></html>
