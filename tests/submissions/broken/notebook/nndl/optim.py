{"cells": [], "metadata": {"collapsed": true}, "nbformat": 4, "nbformat_minor": 5}
